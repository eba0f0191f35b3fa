"""`ripen crm`: results of leads from a CRM."""

from ripen_cli.crm.command import crm

__all__ = ["crm"]
