# SPDX-License-Identifier: MIT
"""One realistic phone call to the salon: availability, a booking that fails and its retry that succeeds, a cancellation
that is not valid. The demo speaks it aloud, tests do not."""
import retell

GREETING = ("node_greeting", "Begrüßung")
CHECK = ("func_check_availability", "Verfügbarkeit prüfen")
OFFER = ("node_offer_slots", "Alternativen anbieten")
COLLECT = ("node_collect_data", "Kundendaten erfassen")
BOOK = ("func_book_appointment", "Termin buchen")
CANCEL = ("func_cancel_appointment", "Termin absagen")
GOODBYE = ("node_goodbye", "Verabschiedung")

BOOKING = {
    "customer_name": retell.NAME,
    "customer_phone": retell.PHONE,
    "customer_email": retell.EMAIL,
    "customer_address": retell.ADDRESS,
    "dienstleistung": "Färben & Föhnen",
    "start": "2027-03-04T16:15:00+01:00",
    "bestaetigung": True,
    "call_id": "1",
}


def phone_call(stack, speak, call=None):
    """The call; `speak(call, role, text, seconds)` says one thing. The answers by function, and the call."""
    call = call or retell.Call()
    answers = []

    def function(name, args):
        answers.append((name, args, stack.function(call, name, args)))

    stack.event(call, "call_started")
    call.move(("begin", "Begin"), GREETING)
    speak(call, "agent", "Guten Tag, hier ist der Salon Schönwald in Köln. Wie kann ich Ihnen helfen?", 0.5)
    speak(call, "user", "Grüß Gott, Käthe Öttinger-Weiß hier. Ich bräuchte am vierten März um halb vier einen Termin zum Färben.", 0.6)
    call.move(GREETING, CHECK)
    function("check_availability", {
        "datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Färben & Föhnen", "call_id": call.call_id,
    })
    call.move(CHECK, OFFER)
    speak(call, "agent", "Um fünfzehn Uhr dreißig ist leider schon belegt. Ich hätte sechzehn Uhr fünfzehn frei. Passt das für Sie?", 0.5)
    speak(call, "user", "Ja, das passt. Meine Handynummer ist 0176 04069012, und die E-Mail-Adresse ist kaethe.oettinger@example.com.", 0.6)
    call.move(OFFER, COLLECT)
    speak(call, "agent", "Danke schön. Und wie lautet Ihre Anschrift für die Rechnung?", 0.3)
    speak(call, "user", "Brückentorstraße 7b, 01234 Musterstadt.", 0.3)
    call.move(COLLECT, BOOK)
    stack.booking.plan("unavailable")
    function("book_appointment_v17", BOOKING)
    speak(call, "agent", "Das hat gerade nicht geklappt, ich versuche es noch einmal.", 0.3)
    function("book_appointment_v17", BOOKING)
    speak(call, "agent", "Der Termin ist gebucht. Die Bestätigung geht an kaethe.oettinger@example.com.", 0.4)
    speak(call, "user", "Und sagen Sie bitte meinen alten Termin ab, die Nummer weiß ich nicht mehr.", 0.4)
    call.move(BOOK, CANCEL)
    function("cancel_appointment", {"booking_uid": "weiß ich nicht", "grund": "doppelt gebucht"})
    call.move(CANCEL, GOODBYE)
    speak(call, "agent", "Ihren alten Termin finde ich leider nicht, ein Kollege ruft Sie zurück. Auf Wiederhören!", 0.4)
    speak(call, "user", "Vielen Dank, tschüß!", 0.2)
    ended = call.ended_fields()
    stack.event(call, "call_ended", **ended)
    stack.event(call, "call_analyzed", **ended, call_analysis=call.analysis())
    return call, answers


def speak_at_once(call, role, text, seconds):
    """Speech that takes no time: what was said does not overlap with what was said before."""
    call.say(role, text, 0.0)
