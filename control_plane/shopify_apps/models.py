"""Table of Shopify apps: which doors of the gateway they open. No secret is in it."""

from sqlmodel import JSON, Column, Field, SQLModel


class ShopifyAppRow(SQLModel, table=True):
    """One app, by its client id. ``secrets`` are references; ``rate``: requests per second."""

    __tablename__ = "shopify_app"

    client_id: str = Field(primary_key=True)
    shop: str
    domain: str
    secrets: list[str] = Field(sa_column=Column(JSON, nullable=False))
    proxy_models: list[str] = Field(sa_column=Column(JSON, nullable=False))
    checkout_models: list[str] = Field(sa_column=Column(JSON, nullable=False))
    rate: int | None = None
    set_at: str
    set_by: str
