"""What is tried against accounts, attack by attack, through the pages and the API alone."""

# Sessions and cookies.

# Codes and passkeys.

# Registering, mails and passwords.

# Tokens, data and leaving.
