"""The use cases that handlers share: refresh a lead, merge and unmerge leads, erase a lead, publish the rules."""
