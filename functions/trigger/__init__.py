"""The trigger function: it finds due leads and carries out their actions."""
