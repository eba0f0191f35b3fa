"""Daily figures of visits and anonymous page views in the table."""
