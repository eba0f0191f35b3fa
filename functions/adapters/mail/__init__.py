"""Mail templates: MJML and Jinja2 are checked, compiled to HTML and text, and rendered in a sandbox."""
