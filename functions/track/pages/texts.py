"""The texts of the pages in each supported language."""

from __future__ import annotations

from collections.abc import Mapping

_EN = {
    "failed": "Not done yet",
    "unsubscribe_title": "Unsubscribe from our mails?",
    "unsubscribe_text": "After unsubscribing you get no more news and offers by mail. What we have to tell you, such "
    "as about an order, may still come.",
    "unsubscribe_button": "Unsubscribe",
    "unsubscribe_rather": "Rather choose topics, or pause for a while",
    "unsubscribed_title": "You are unsubscribed",
    "unsubscribed_text": "You get no more news and offers from us.",
    "unsubscribed_link": "To your settings",
    "already_title": "You were unsubscribed already",
    "status_unsubscribed": "You are unsubscribed since {day}: you get no news and offers from us.",
    "status_complained": "A mail of ours to your address was marked as spam, so it gets no mails from us any more. "
    "If that was a mistake, please write to us.",
    "status_bounced": "Our mails to your address came back, so it gets no mails from us any more. If it works again, "
    "please write to us.",
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
    "saved_text": "From now on your mails follow these settings.",
    "saved_unsubscribed": "You are still unsubscribed. These settings count as soon as you want mails again.",
    "saved_link": "Back to your settings",
    "confirm_title": "Please confirm",
    "confirm_text": "With the button you agree to this:",
    "confirm_agreed": "I want mails with news, tips and offers from {sender} at the address that this link came to. "
    "It is noted which of them I open and which links I follow, so that I get what suits me. I can take this back at "
    "any time, by the link at the end of each mail.",
    "confirm_us": "the sender of this link",
    "confirm_button": "Yes, I agree",
    "confirm_otherwise": "If you did not ask for this, close the page, and nothing happens; or tell us with the other "
    "button.",
    "about": "About you",
    "about_text": "This was typed when your address was given. Please correct what is wrong, and empty what is not "
    "yours: only what stands here when you agree is taken over.",
    "about_firstName": "First name",
    "about_lastName": "Last name",
    "about_name": "Name",
    "about_company": "Company",
    "about_role": "Role",
    "disown_button": "This was not me",
    "disowned_title": "Thank you for telling us",
    "disowned_text": "Your address no longer belongs to whoever typed it, and nothing was agreed to.",
    "confirm_changed": "This text has changed since you opened the page. Please read it and confirm it once more.",
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
    "comment_long": "The comment has {given} characters; it may have {most}. Please shorten it.",
    "thanks_title": "Thank you for your rating",
    "thanks_text": "It has arrived, and we read it.",
    "problem_title": "This did not work",
    "problem_link": "The link is not complete. Please open it from the mail once more; if it is broken over two lines "
    "there, copy both into the address bar. Or reply to the mail.",
    "problem_method": "This page cannot be called that way. Please open the link from the mail in a browser.",
    "problem_type": "This page takes what its own form sends, and nothing else. Please open the link from the mail in "
    "a browser.",
    "problem_form": "What was sent cannot be read. Please open the link from the mail and send the form once more.",
    "problem_large": "What was sent is too much. Please shorten it, and send the form once more.",
    "problem_gone": "This link is no longer valid: everything that was stored about you has been erased.",
    "problem_survey": "This question is no longer asked. You are welcome to reply to the mail instead.",
    "problem_busy": "There is too much going on just now, and nothing was saved. Please try again in a minute.",
}
_DE = {
    "failed": "Noch nicht erledigt",
    "unsubscribe_title": "Von unseren E-Mails abmelden?",
    "unsubscribe_text": "Nach der Abmeldung bekommen Sie keine Neuigkeiten und Angebote mehr per E-Mail. Was wir "
    "Ihnen mitteilen müssen, etwa zu einer Bestellung, kann weiterhin kommen.",
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
    "pause_keep": "Weiter Pause bis {day}",
    "pause_0": "Keine Pause",
    "pause_14": "2 Wochen keine E-Mails",
    "pause_30": "1 Monat keine E-Mails",
    "pause_90": "3 Monate keine E-Mails",
    "language": "Sprache der E-Mails",
    "save": "Speichern",
    "everything": "Von allem abmelden",
    "saved_title": "Gespeichert",
    "saved_text": "Ab jetzt folgen Ihre E-Mails diesen Einstellungen.",
    "saved_unsubscribed": "Sie sind weiterhin abgemeldet. Die Einstellungen gelten, sobald Sie wieder E-Mails möchten.",
    "saved_link": "Zurück zu Ihren Einstellungen",
    "confirm_title": "Bitte bestätigen",
    "confirm_text": "Mit der Schaltfläche willigen Sie hierin ein:",
    "confirm_agreed": "Ich möchte E-Mails mit Neuigkeiten, Tipps und Angeboten von {sender} an die Adresse, an die "
    "dieser Link ging. Dabei wird festgehalten, welche ich öffne und welchen Links ich folge, damit ich bekomme, was "
    "zu mir passt. Das kann ich jederzeit widerrufen, mit dem Link am Ende jeder E-Mail.",
    "confirm_us": "dem Absender dieses Links",
    "confirm_button": "Ja, ich bin einverstanden",
    "confirm_otherwise": "Wenn Sie das nicht angefordert haben, schließen Sie die Seite, und nichts geschieht; oder "
    "sagen Sie es uns mit der anderen Schaltfläche.",
    "about": "Über Sie",
    "about_text": "Das wurde eingegeben, als jemand Ihre Adresse angab. Bitte berichtigen Sie, was nicht stimmt, und "
    "leeren Sie, was nicht zu Ihnen gehört: Übernommen wird nur, was hier steht, wenn Sie einwilligen.",
    "about_firstName": "Vorname",
    "about_lastName": "Nachname",
    "about_name": "Name",
    "about_company": "Firma",
    "about_role": "Funktion",
    "disown_button": "Das war ich nicht",
    "disowned_title": "Danke für den Hinweis",
    "disowned_text": "Ihre Adresse gehört nicht mehr zu dem, der sie eingegeben hat, und es wurde in nichts "
    "eingewilligt.",
    "confirm_changed": "Dieser Text hat sich geändert, seit Sie die Seite geöffnet haben. Bitte lesen und bestätigen "
    "Sie ihn noch einmal.",
    "confirmed_title": "Vielen Dank",
    "confirmed_text": "Ihre Adresse ist bestätigt.",
    "rating": "Ihre Bewertung",
    "scale": "0: {low}. 10: {high}.",
    "chosen": "Ihre vorläufige Antwort: {score}. Gespeichert ist noch nichts; die Schaltfläche unten sendet sie.",
    "send_means": "Die Schaltfläche sendet, was Sie hier gewählt und geschrieben haben. Es wird zusammen mit Ihrer "
    "Adresse gespeichert, damit wir antworten können.",
    "reason": "Was ist der wichtigste Grund?",
    "reason_none": "Möchte ich nicht sagen",
    "comment": "Was möchten Sie uns noch mitteilen? (freiwillig)",
    "send": "Bewertung senden",
    "score_missing": "Bitte wählen Sie eine Bewertung von 0 bis 10.",
    "comment_long": "Der Kommentar hat {given} Zeichen; erlaubt sind {most}. Bitte kürzen Sie ihn.",
    "thanks_title": "Vielen Dank für Ihre Bewertung",
    "thanks_text": "Sie ist angekommen, und wir lesen sie.",
    "problem_title": "Das hat nicht geklappt",
    "problem_link": "Der Link ist nicht vollständig. Bitte öffnen Sie ihn noch einmal aus der E-Mail; falls er dort "
    "über zwei Zeilen geht, kopieren Sie beide in die Adresszeile. Oder antworten Sie auf die E-Mail.",
    "problem_method": "So kann diese Seite nicht aufgerufen werden. Bitte öffnen Sie den Link aus der E-Mail im "
    "Browser.",
    "problem_type": "Diese Seite nimmt nur an, was ihr eigenes Formular sendet. Bitte öffnen Sie den Link aus der "
    "E-Mail im Browser.",
    "problem_form": "Was gesendet wurde, ist nicht lesbar. Bitte öffnen Sie den Link aus der E-Mail und senden Sie "
    "das Formular noch einmal.",
    "problem_large": "Was gesendet wurde, ist zu lang. Bitte kürzen Sie es und senden Sie das Formular noch einmal.",
    "problem_gone": "Dieser Link gilt nicht mehr: Alles, was über Sie gespeichert war, wurde gelöscht.",
    "problem_survey": "Diese Frage stellen wir nicht mehr. Antworten Sie gern auf die E-Mail.",
    "problem_busy": "Gerade ist zu viel los, und es wurde nichts gespeichert. Bitte versuchen Sie es in einer Minute "
    "noch einmal.",
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
