"""The texts of the pages in each supported language."""

from __future__ import annotations

from collections.abc import Mapping

_EN = {
    "failed": "Error",
    "unsubscribe_title": "Unsubscribe from our mails?",
    "unsubscribe_text": "After you unsubscribe, you get no more news and offers by mail. Necessary messages, for "
    "example about an order, may still come.",
    "unsubscribe_button": "Unsubscribe",
    "unsubscribe_rather": "Choose topics or pause instead",
    "unsubscribed_title": "You are unsubscribed",
    "unsubscribed_text": "You get no more news and offers from us.",
    "unsubscribed_link": "Open your settings",
    "already_title": "You were already unsubscribed",
    "status_unsubscribed": "You have been unsubscribed since {day}: you get no news and offers from us.",
    "status_complained": "A mail of ours to your address was marked as spam, so we send no more mails to it. If that "
    "was a mistake, please write to us.",
    "status_bounced": "Our mails to your address came back, so we send no more mails to it. If it works again, please "
    "write to us.",
    "back": "Get mails again: read what you agree to, and confirm it",
    "preferences_title": "Your settings for our mails",
    "topics": "Topics that I want mails about",
    "frequency": "How often",
    "frequency_any": "Whenever there is something for me",
    "frequency_week": "At most once a week",
    "frequency_month": "At most once a month",
    "pause": "Pause",
    "pause_keep": "Stay paused until {day}",
    "pause_0": "No pause",
    "pause_14": "2 weeks without mails",
    "pause_30": "1 month without mails",
    "pause_90": "3 months without mails",
    "language": "Language of the mails",
    "save": "Save",
    "everything": "Unsubscribe from everything",
    "saved_title": "Saved",
    "saved_text": "Your mails now follow these settings.",
    "saved_unsubscribed": "You are still unsubscribed. These settings count as soon as you want mails again.",
    "saved_link": "Back to your settings",
    "confirm_title": "Please confirm",
    "confirm_text": "By clicking the button, you agree to this:",
    "confirm_agreed": "I want to get mails with news, tips and offers from {sender} at the address to which this "
    "link was sent. The opened mails and clicked links are recorded, so that I get suitable content. I can withdraw "
    "this consent at any time, for example with the link at the end of each mail.",
    "confirm_us": "the sender of this link",
    "confirm_button": "Yes, I agree",
    "confirm_otherwise": "If you did not ask for this, close the page. Nothing happens then. You can also tell us with "
    "the other button.",
    "about": "About you",
    "about_text": "These details were entered together with your address. Please correct wrong entries, and clear "
    "entries that are not yours. We save only what is here when you agree.",
    "about_salutation": "Salutation",
    "about_academicTitle": "Title",
    "about_firstName": "First name",
    "about_lastName": "Last name",
    "about_name": "Name",
    "about_company": "Company",
    "about_role": "Role",
    "disown_button": "This was not me",
    "disowned_title": "Thank you for telling us",
    "disowned_text": "Your address is no longer linked to the person who entered it. No consent was given.",
    "confirm_changed": "This text has changed since you opened the page. Please read it and confirm again.",
    "confirmed_title": "Thank you",
    "confirmed_text": "Your address is confirmed.",
    "rating": "Your rating",
    "scale": "0: {low}. 10: {high}.",
    "chosen": "Your answer so far: {score}. Nothing is stored yet; the button below sends it.",
    "send_means": "The button sends what you chose and wrote here. It is stored together with your address, so that "
    "we can answer.",
    "reason": "What is the main reason?",
    "reason_none": "I would rather not say",
    "comment": "What else do you want to tell us? (optional)",
    "send": "Send the rating",
    "score_missing": "Please choose a rating from 0 to 10.",
    "comment_long": "The comment has {given} characters; the limit is {most}. Please shorten it.",
    "thanks_title": "Thank you for your rating",
    "thanks_text": "We have received it, and we read every rating.",
    "approve_title": "Version {number} of the rules waits for your yes",
    "approve_text": "The upload is valid. It is not live yet, because of its effect on leads.",
    "approve_reasons": "Why it waits",
    "approve_changes": "What changes",
    "approve_upload": "Uploaded: {at} (UTC), by {by}.",
    "approve_unknown": "somebody whose name is not known",
    "approve_why": "Reason: {why}",
    "approve_report": "The whole report of the rehearsal is in the rules bucket: {report}",
    "approve_reason": "Your reason (optional; the history keeps it)",
    "approve_read": "I have read what changes, and I agree.",
    "approve_unread": "Please tick that you have read what changes. Nothing was saved.",
    "approve_button": "Yes, make version {number} live",
    "approve_as": "The history will tell that {approver} said yes. The link is yours alone and counts once.",
    "approve_otherwise": "If you do not agree, close the page. The rules that are live stay live, and another upload "
    "replaces this one.",
    "approved_title": "Thank you: version {number} goes live",
    "approved_text": "That takes about a minute. A mail tells when it is done, and the history of the rules keeps your "
    "decision. If the files changed meanwhile, they are checked again first.",
    "problem_title": "This did not work",
    "problem_link": "The link is incomplete. Please open it from the mail again. If it spans two lines there, copy "
    "both lines into the address bar. You can also reply to the mail.",
    "problem_method": "This page does not support this request. Please open the link from the mail in a browser.",
    "problem_type": "This page accepts only its own form. Please open the link from the mail in a browser.",
    "problem_form": "The form could not be read. Please open the link from the mail and send the form again.",
    "problem_large": "The form is too long. Please shorten your text and send the form again.",
    "problem_gone": "This link is no longer valid, because all data about you has been erased.",
    "problem_decided": "This link does not count any more: the version is live, another upload has replaced it, or the "
    "link is older than 14 days. `ripen rules status` says what waits now.",
    "problem_survey": "This survey has ended. You are welcome to reply to the mail instead.",
    "problem_busy": "The service is busy, and nothing was saved. Please try again in a minute.",
}
_DE = {
    "failed": "Fehler",
    "unsubscribe_title": "Von unseren E-Mails abmelden?",
    "unsubscribe_text": "Nach der Abmeldung bekommen Sie keine Neuigkeiten und Angebote mehr per E-Mail. "
    "Notwendige Nachrichten, zum Beispiel zu einer Bestellung, senden wir Ihnen weiterhin.",
    "unsubscribe_button": "Abmelden",
    "unsubscribe_rather": "Lieber Themen auswählen oder eine Pause einlegen",
    "unsubscribed_title": "Sie sind abgemeldet",
    "unsubscribed_text": "Sie bekommen keine Neuigkeiten und Angebote mehr von uns.",
    "unsubscribed_link": "Zu Ihren Einstellungen",
    "already_title": "Sie waren schon abgemeldet",
    "status_unsubscribed": "Sie sind seit dem {day} abgemeldet und bekommen keine Neuigkeiten und Angebote von uns.",
    "status_complained": "Eine E-Mail von uns an Ihre Adresse wurde als Spam gemeldet. Deshalb bekommt sie keine "
    "E-Mails mehr von uns. Falls das ein Versehen war, schreiben Sie uns bitte.",
    "status_bounced": "Unsere E-Mails an Ihre Adresse kamen zurück. Deshalb bekommt sie keine E-Mails mehr von uns. "
    "Falls sie wieder funktioniert, schreiben Sie uns bitte.",
    "back": "Wieder E-Mails bekommen: lesen, worin Sie einwilligen, und es bestätigen",
    "preferences_title": "Ihre Einstellungen für unsere E-Mails",
    "topics": "Themen, zu denen ich E-Mails möchte",
    "frequency": "Wie oft",
    "frequency_any": "Immer wenn es etwas für mich gibt",
    "frequency_week": "Höchstens einmal in der Woche",
    "frequency_month": "Höchstens einmal im Monat",
    "pause": "Pause",
    "pause_keep": "Pause bis {day} beibehalten",
    "pause_0": "Keine Pause",
    "pause_14": "2 Wochen keine E-Mails",
    "pause_30": "1 Monat keine E-Mails",
    "pause_90": "3 Monate keine E-Mails",
    "language": "Sprache der E-Mails",
    "save": "Speichern",
    "everything": "Von allem abmelden",
    "saved_title": "Gespeichert",
    "saved_text": "Unsere E-Mails richten sich ab jetzt nach diesen Einstellungen.",
    "saved_unsubscribed": "Sie sind weiterhin abgemeldet. Die Einstellungen gelten, sobald Sie wieder E-Mails möchten.",
    "saved_link": "Zurück zu Ihren Einstellungen",
    "confirm_title": "Bitte bestätigen",
    "confirm_text": "Mit einem Klick auf die Schaltfläche erteilen Sie diese Einwilligung:",
    "confirm_agreed": "Ich möchte E-Mails mit Neuigkeiten, Tipps und Angeboten von {sender} an die Adresse erhalten, "
    "an die dieser Link gesendet wurde. Dabei wird erfasst, welche E-Mails ich öffne und welche Links ich anklicke, "
    "damit ich passende Inhalte bekomme. Diese Einwilligung kann ich jederzeit widerrufen, zum Beispiel über den Link "
    "am Ende jeder E-Mail.",
    "confirm_us": "dem Absender dieses Links",
    "confirm_button": "Ja, ich bin einverstanden",
    "confirm_otherwise": "Falls Sie das nicht angefordert haben, schließen Sie einfach diese Seite. Dann geschieht "
    "nichts. Sie können es uns auch mit der anderen Schaltfläche mitteilen.",
    "about": "Ihre Angaben",
    "about_text": "Diese Angaben wurden zusammen mit Ihrer Adresse eingegeben. Bitte berichtigen Sie falsche Angaben, "
    "und löschen Sie Angaben, die nicht zu Ihnen gehören. Wir übernehmen nur, was hier steht, wenn Sie einwilligen.",
    "about_salutation": "Anrede",
    "about_academicTitle": "Titel",
    "about_firstName": "Vorname",
    "about_lastName": "Nachname",
    "about_name": "Name",
    "about_company": "Firma",
    "about_role": "Funktion",
    "disown_button": "Das war ich nicht",
    "disowned_title": "Danke für den Hinweis",
    "disowned_text": "Ihre Adresse ist nicht mehr mit der Person verknüpft, die sie eingegeben hat. Es wurde keine "
    "Einwilligung erteilt.",
    "confirm_changed": "Dieser Text hat sich geändert, seit Sie die Seite geöffnet haben. Bitte lesen und bestätigen "
    "Sie ihn noch einmal.",
    "confirmed_title": "Vielen Dank",
    "confirmed_text": "Ihre Adresse ist bestätigt.",
    "rating": "Ihre Bewertung",
    "scale": "0: {low}. 10: {high}.",
    "chosen": "Ihre vorläufige Antwort: {score}. Gespeichert ist noch nichts; die Schaltfläche unten sendet sie.",
    "send_means": "Die Schaltfläche sendet, was Sie hier gewählt und geschrieben haben. Es wird zusammen mit Ihrer "
    "Adresse gespeichert, damit wir antworten können.",
    "reason": "Was ist der Hauptgrund?",
    "reason_none": "Keine Angabe",
    "comment": "Was möchten Sie uns noch mitteilen? (optional)",
    "send": "Bewertung senden",
    "score_missing": "Bitte wählen Sie eine Bewertung von 0 bis 10.",
    "comment_long": "Der Kommentar hat {given} Zeichen; erlaubt sind höchstens {most}. Bitte kürzen Sie ihn.",
    "thanks_title": "Vielen Dank für Ihre Bewertung",
    "thanks_text": "Sie ist bei uns angekommen. Wir lesen jede Bewertung.",
    "approve_title": "Version {number} der Regeln wartet auf Ihre Freigabe",
    "approve_text": "Der Upload ist gültig. Wegen seiner Wirkung auf Leads ist er noch nicht aktiv.",
    "approve_reasons": "Warum er wartet (auf Englisch)",
    "approve_changes": "Was sich ändert (auf Englisch)",
    "approve_upload": "Hochgeladen: {at} (UTC), von {by}.",
    "approve_unknown": "jemandem, dessen Name nicht bekannt ist",
    "approve_why": "Grund: {why}",
    "approve_report": "Der ganze Bericht der Probe liegt im Bucket der Regeln: {report}",
    "approve_reason": "Ihr Grund (freiwillig; er steht dann im Verlauf)",
    "approve_read": "Ich habe gelesen, was sich ändert, und stimme zu.",
    "approve_unread": "Bitte bestätigen Sie mit dem Häkchen, dass Sie die Änderungen gelesen haben. Es wurde nichts "
    "gespeichert.",
    "approve_button": "Ja, Version {number} aktivieren",
    "approve_as": "Im Verlauf der Regeln steht dann, dass {approver} zugestimmt hat. Der Link ist nur für Sie und gilt "
    "einmal.",
    "approve_otherwise": "Wenn Sie nicht zustimmen, schließen Sie die Seite. Die aktiven Regeln bleiben aktiv, und ein "
    "weiterer Upload ersetzt diesen.",
    "approved_title": "Danke: Version {number} wird aktiv",
    "approved_text": "Das dauert etwa eine Minute. Sie erhalten eine E-Mail, sobald es so weit ist; Ihre Entscheidung "
    "steht dann im Verlauf der Regeln. Falls sich Dateien inzwischen geändert haben, werden sie erst wieder geprüft.",
    "problem_title": "Das hat nicht geklappt",
    "problem_link": "Der Link ist unvollständig. Bitte öffnen Sie ihn noch einmal aus der E-Mail. Falls er dort über "
    "zwei Zeilen geht, kopieren Sie beide Zeilen in die Adresszeile. Sie können auch einfach auf die E-Mail antworten.",
    "problem_method": "Diese Seite kann so nicht aufgerufen werden. Bitte öffnen Sie den Link aus der E-Mail im "
    "Browser.",
    "problem_type": "Diese Seite verarbeitet nur ihr eigenes Formular. Bitte öffnen Sie den Link aus der E-Mail im "
    "Browser.",
    "problem_form": "Das Formular konnte nicht gelesen werden. Bitte öffnen Sie den Link aus der E-Mail und senden Sie "
    "das Formular noch einmal.",
    "problem_large": "Das Formular ist zu lang. Bitte kürzen Sie Ihren Text und senden Sie das Formular noch einmal.",
    "problem_gone": "Dieser Link ist nicht mehr gültig, weil alle Daten über Sie gelöscht wurden.",
    "problem_decided": "Dieser Link gilt nicht mehr: Die Version ist aktiv, ein anderer Upload hat sie ersetzt, oder "
    "der Link ist älter als 14 Tage. `ripen rules status` sagt, was jetzt wartet.",
    "problem_survey": "Diese Umfrage ist beendet. Antworten Sie stattdessen gern auf die E-Mail.",
    "problem_busy": "Unser Server ist gerade ausgelastet. Es wurde nichts gespeichert. Bitte versuchen Sie es in einer "
    "Minute noch einmal.",
}
TEXTS: Mapping[str, Mapping[str, str]] = {"en": _EN, "de": _DE}
"""By language, then by name."""

LANGUAGE_NAMES = {
    "cs": "Čeština",
    "da": "Dansk",
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "it": "Italiano",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português",
    "sv": "Svenska",
}
"""The name of each language in that language."""
