"""Mails in the local cloud: their links lead to where a browser on this machine finds the pages."""

from click.testing import CliRunner

from ripen_cli.demo.mailbox import mails
from ripen_cli.main import main


def test_a_test_mail_arrives_with_links_that_work_here(cloud):
    port = cloud.endpoint.rpartition(":")[2]
    arguments = ["mail", "test", "first-steps", "--to", "me@example.com", "--local", "--port", port]

    done = CliRunner().invoke(main, arguments)

    assert done.exit_code == 0, done.output
    [mail] = [mail for mail in mails(cloud) if mail.recipient == "me@example.com"]
    assert mail.subject == "[Test] Welcome, Ada: your first three steps"
    assert f"{cloud.track_url}/v1/unsubscribe?t=" in mail.text


def test_the_function_that_sends_mails_has_the_same_public_url(cloud):
    told = cloud.client("lambda").get_function_configuration(FunctionName=cloud.trigger_function)

    assert told["Environment"]["Variables"]["PUBLIC_URL"] == cloud.track_url
