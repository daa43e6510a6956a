"""The merchant's consents, and which customers are left out."""
