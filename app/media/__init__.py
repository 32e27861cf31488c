"""Pictures that people upload: made small and harmless (images.py), and kept (storage.py).

It knows no model: which picture is whose is in app/models/media.py.
"""
