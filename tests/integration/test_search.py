# SPDX-License-Identifier: MIT
"""Full-text search over what the real pipeline stored: every word said is found and nothing that was redacted; on a
terminal the hit is coloured."""
import json
import os
import pty
import re
import subprocess

import pytest

import retell
from harness import Stack, entries
from salon_call import phone_call, speak_at_once


class Searched:
    """Two calls of the same words, with other ids."""

    def __init__(self, stack):
        self.stack = stack
        self.calls = [phone_call(stack, speak_at_once)[0] for _ in range(2)]
        for call in self.calls:
            stack.wait_for_call(
                call.call_id,
                lambda d: len(entries(d, "function_call")) >= 4 and d["call"]["metadata"].get("call_analysis")
                and d["completeness"]["pending"] == 0)
        self.segments = {call.call_id: self.run("transcript", call.call_id)["segments"] for call in self.calls}

    def run(self, *args):
        return self.stack.dump.json(*args)

    def search(self, *args):
        done = self.stack.dump.run("search", "--format", "ndjson", *args)
        assert done.returncode in (0, 1), done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def seen():
    with Stack() as stack:
        yield Searched(stack)


def words(text):
    return re.findall(r"\w+", text.replace("_", " "))


def test_every_word_finds_its_segments(seen):
    """What reading the transcripts finds is what the search finds; of both calls, the newer first."""
    vocabulary = {word for segments in seen.segments.values() for s in segments for word in words(s["text"])}
    assert len(vocabulary) > 60
    for word in sorted(vocabulary):
        wanted = {s["id"] for segments in seen.segments.values() for s in segments if word in words(s["text"])}
        found = seen.search(word)
        assert wanted <= {m["id"] for m in found}, word
        starts = [m["started_at"] for m in found]
        assert starts == sorted(starts, reverse=True), word


def test_a_match_says_where(seen):
    for match in seen.search("schoenwald"):
        [[start, end]] = match["spans"]
        assert match["text"][start:end] == "Schönwald"
        assert match["role"] == "agent"
        segment = next(s for s in seen.segments[match["call_id"]] if s["id"] == match["id"])
        assert {k: v for k, v in match.items() if k not in ("call_id", "started_at", "spans")} == segment
    assert {m["call_id"] for m in seen.search("SCHÖNWALD")} == {c.call_id for c in seen.calls}


def test_questions(seen):
    def texts(*args):
        return {m["text"] for m in seen.search(*args)}

    assert texts('"guten tag"') and not texts('"tag guten"')
    assert all("Termin" in t for t in texts("termin"))
    assert texts("termin", "--role", "user") | texts("termin", "--role", "agent") == texts("termin")
    assert texts("termin -gebucht") < texts("termin")
    assert texts("tschuess") == texts("tschüß") == texts("TSCHÜSS") == {"Vielen Dank, tschüß!"}
    assert texts("bestaetig*") and texts("bestätig*") == texts("bestaetig*")
    assert len(seen.search("termin", "--limit", "3")) == 3
    first = seen.calls[0].call_id
    assert {m["call_id"] for m in seen.search("termin", "--call", first)} == {first}
    assert not seen.search("termin", "--until", "2020-01-01") and seen.search("termin", "--since", "1h")


@pytest.mark.parametrize("personal", [retell.NAME, retell.PHONE, retell.EMAIL, "Öttinger", "kaethe*", "Brückentorstraße"])
def test_what_is_redacted_is_not_found(seen, personal):
    assert seen.search(personal) == []


def test_the_hit_is_coloured_on_a_terminal(seen):
    here, there = pty.openpty()
    command = seen.stack.dump.run("search", "--help").args
    program = [command[0], "--db", str(seen.stack.dump.db), "search", "schoenwald", "--width", "60", "--limit", "1"]
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"}
    done = subprocess.run(program, stdout=there, env=env, timeout=60)
    shown = os.read(here, 65536).decode()
    os.close(here)
    os.close(there)
    assert done.returncode == 0
    assert "\033[33mSchönwald\033[0m" in shown


def test_the_store_is_sound(seen):
    report = seen.run("check")
    assert report["problems"] == [] and report["term_blocks"] > 60
