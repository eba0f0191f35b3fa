"""S3, Secrets Manager, SQS and SES in memory, as far as the functions use them."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes

from adapters.delivery.ses_tags import untag
from simulation.wire import failure

REFUSED = "refused@example.com"
"""The address to which SES rejects every mail."""

SECRET = "s" * 64


class FakeReceiver:
    """A webhook receiver that fails at times; `received` holds the ids of accepted messages."""

    def __init__(self, works=lambda: True):
        self.works = works
        self.received = []

    def post(self, url, message):
        if not self.works():
            raise failure("InternalServerError", "Post", 500)
        self.received.append(message.headers["webhook-id"])
        return {}


@dataclass(frozen=True)
class Mail:
    """One mail sent by SES; mails about the same intent are equal. `digest` is that of the address."""

    subject: str
    intent: str
    recipient: str
    digest: str = field(compare=False)
    text: str = field(compare=False)


class FakeBucket:
    """Objects by key; `on_put` is called with the key of each that was written."""

    def __init__(self, on_put=lambda _key: None):
        self.objects = {}
        self.on_put = on_put

    def put_object(self, Bucket, Key, Body, ContentType, IfNoneMatch=""):
        if IfNoneMatch and Key in self.objects:
            raise failure("PreconditionFailed", "PutObject", 412)
        self.objects[Key] = Body
        self.on_put(Key)
        return {}

    def get_object(self, Bucket, Key, IfNoneMatch=""):
        if Key not in self.objects:
            raise failure("NoSuchKey", "GetObject", 404)
        body = self.objects[Key]
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        if etag == IfNoneMatch:
            raise failure("304", "GetObject", 304)
        return {"Body": io.BytesIO(body), "ETag": etag}


class FakeSecrets:
    def get_secret_value(self, SecretId):
        return {"SecretString": SECRET}


class FakeQueue:
    """Messages by number in `messages`; `receives` counts the deliveries of each."""

    def __init__(self, takes=lambda: True, clock=lambda: 0):
        self.takes, self.clock = takes, clock
        self.sent_at = {}
        self.messages = {}
        self.receives = Counter()
        self.sent = 0

    def get_queue_attributes(self, QueueUrl, AttributeNames):
        assert AttributeNames == ["ApproximateNumberOfMessages"]
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.messages))}}

    def send_message_batch(self, QueueUrl, Entries):
        answer = {"Successful": [], "Failed": []}
        for entry in Entries:
            taken = self.takes()
            answer["Successful" if taken else "Failed"].append({"Id": entry["Id"]})
            if taken:
                self.sent += 1
                self.messages[f"message-{self.sent}"] = json.loads(entry["MessageBody"])
                self.sent_at[f"message-{self.sent}"] = self.clock()
        return answer


NOT_VERIFIED = (
    "Email address is not verified. The following identities failed the check in region EU: hello@example.com"
)
LIMITS = {
    "quota": ("LimitExceededException", "Daily message quota exceeded."),
    "paused": ("SendingPausedException", "Sending is paused."),
    "sender": ("MessageRejected", NOT_VERIFIED),
    "setup": ("NotFoundException", "There is no configuration set."),
}
"""The answers of SES to every mail while a limit of the account applies: code and text."""


class FakeSes:
    """`mails` are mails to leads, `tokens` their link tokens with the lead, `notes` the other recipients.

    `on_mail` is called for each mail to a lead. While `limit` names one of LIMITS, no mail is sent.
    """

    def __init__(self, on_mail=lambda _mail: None):
        self.limit = ""
        self.mails = []
        self.notes = []
        self.tokens = []
        self.on_mail = on_mail

    def get_account(self):
        sent = 200.0 if self.limit == "quota" else 20.0
        return {
            "SendQuota": {"MaxSendRate": 14.0, "Max24HourSend": 200.0, "SentLast24Hours": sent},
            "SendingEnabled": self.limit != "paused",
            "EnforcementStatus": "HEALTHY",
        }

    def send_email(self, FromEmailAddress, Destination, Content, EmailTags, ConfigurationSetName=""):
        [recipient] = Destination["ToAddresses"]
        if self.limit:
            code, text = LIMITS[self.limit]
            raise failure(code, "SendEmail", Error={"Code": code, "Message": text})
        if not EmailTags:  # an internal notification
            assert not ConfigurationSetName
            self.notes.append(recipient)
            return {"MessageId": f"ses-note-{len(self.notes)}"}
        if recipient == REFUSED:
            raise failure("MessageRejected", "SendEmail")
        message = message_from_bytes(Content["Raw"]["Data"])
        assert message["To"] == recipient
        tags = {tag["Name"]: tag["Value"] for tag in EmailTags}
        [part] = [part for part in message.walk() if part.get_content_type() == "text/plain"]
        text = part.get_payload(decode=True).decode()
        mail = Mail(untag(tags["lead"]), tags["intent"], recipient, tags["address"], text)
        self.mails.append(mail)
        self.tokens.append((text.split()[-1], mail.subject))
        self.on_mail(mail)
        return {"MessageId": f"ses-{len(self.mails)}"}
