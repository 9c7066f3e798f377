"""The books proved: what this program booked beside Fortnox's own SIE file, account by account."""
