"""A deployment with two reps: its rules, and a lead that is handed to one of them."""

from __future__ import annotations

from integration.people import SOURCES, enough
from stories import START, identified

CAMPAIGNS = """
campaigns:
  note:
    start:
      score: {profile: engagement, at_least: 50}
    mail: personal-note
    from_rep: true
    from_name: Your contact
    reply_to: hello@example.com
    transactional: true
    priority: 100
  warm:
    title: Ready for a talk
    start:
      score: {profile: engagement, at_least: 50}
    steps:
      - handoff: sales
      - webhook: crm
  again:
    start:
      event: {event: Demo Requested}
    steps:
      - handoff: sales
"""
MAILING = """
mailing:
  timezone: Europe/Berlin
  notices_per_hour: %d
  unproven: {per_day: 20, overall: 20}
  recipients:
    sales: {mail: sales@example.com}
    crm: {webhook: "https://crm.example.com/hook"}
"""
ANN = "{name: Ann Weber, address: ann.weber@example.com, capacity: 5, when: {traits.region: south}%s}"
TOM = "{name: Tom Lee, address: tom@news.example.net, capacity: 5, when: {traits.region: north}}"
PEOPLE = """
people:
  team: sales
  reps:
    ann: %s
    tom: %s
"""
AWAY = ", absent: [{from: 2026-03-01, until: 2026-03-20, deputy: tom}]"


def files(people=PEOPLE % (ANN % "", TOM), campaigns=CAMPAIGNS, notices=10):
    return {
        "rules/sources.yaml": SOURCES.encode(),
        "rules/campaigns.yaml": campaigns.encode(),
        "rules/mailing.yaml": (MAILING % notices).encode(),
        "rules/people.yaml": people.encode(),
    }


def warm(site, who="ann", at=START, **traits):
    site.live(identified(at, who=who, email=f"{who}@lead.example", **traits), *enough(who, at), at=at)
