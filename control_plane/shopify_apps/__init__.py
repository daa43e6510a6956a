"""Shopify apps whose client secrets sign storefront and checkout calls."""
