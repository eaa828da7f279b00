"""Programs that make the demo checkpoint from synthetic speech; the product needs none of them."""
