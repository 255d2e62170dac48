# SPDX-License-Identifier: MIT
"""Phone calls as Retell tells them to a backend. All persons, numbers and addresses are invented; numbers come from
ranges reserved for fiction."""
import hashlib
import hmac
import json
import time
import uuid

API_KEY = "key_plantedretell0123456789abcdef"

PHONE = "+4917604069012"
SALON_PHONE = "+492214710123"
EMAIL = "kaethe.oettinger@example.com"
ADDRESS = "Brückentorstraße 7b, 01234 Musterstadt"
NAME = "Käthe Öttinger-Weiß"
ACCESS_TOKEN = "planted-access-token-5d1f77"


def signature(body, sent_ms, key=API_KEY):
    return f"v={sent_ms},d={digest(body, sent_ms, key)}"


def digest(body, sent_ms, key=API_KEY):
    return hmac.new(key.encode(), body + str(sent_ms).encode(), hashlib.sha256).hexdigest()


class Call:
    """A call that grows as it is spoken; times are those of this process's clock."""

    def __init__(self, call_id=None, agent_version=17, metadata=None, **fields):
        self.call_id = call_id or "call_" + uuid.uuid4().hex[:27]
        self.started_ns = time.time_ns()
        self.started_mono = time.monotonic()
        self.start_timestamp = self.started_ns // 1_000_000
        # start_timestamp is cut to a millisecond; offsets are against the cut value.
        self.started_mono -= (self.started_ns - self.start_timestamp * 1_000_000) / 1e9
        self.entries = []
        self.tool_calls = 0
        self.fields = {
            "call_type": "phone_call",
            "from_number": PHONE,
            "to_number": SALON_PHONE,
            "direction": "inbound",
            "telephony_identifier": {"twilio_call_sid": "CA" + uuid.uuid4().hex},
            "call_id": self.call_id,
            "agent_id": "agent_0a1b2c3d4e5f60718293a4b5c6",
            "agent_version": agent_version,
            "agent_name": "Terminassistenz Salon Schönwald",
            "call_status": "ongoing",
            "metadata": metadata or {"company_id": "salon-schoenwald", "customer_id": "K-10442"},
            "retell_llm_dynamic_variables": {"customer_name": NAME, "salon_ort": "Köln", "sprache": "de"},
            "data_storage_setting": "everything",
            "start_timestamp": self.start_timestamp,
            **fields,
        }

    def now_sec(self):
        return time.monotonic() - self.started_mono

    def say(self, role, text, seconds=0.0):
        """What was said in the `seconds` before now."""
        end = self.now_sec()
        start = max(0.0, end - seconds)
        words = text.split()
        step = (end - start) / len(words)
        self.entries.append({
            "role": role,
            "content": text,
            "words": [
                {"word": word + " ", "start": round(start + i * step, 3), "end": round(start + (i + 1) * step, 3)}
                for i, word in enumerate(words)
            ],
        })

    def move(self, former, new, kind="normal"):
        (former_id, former_name), (new_id, new_name) = former, new
        self.entries.append({
            "role": "node_transition", "former_node_id": former_id, "former_node_name": former_name,
            "new_node_id": new_id, "new_node_name": new_name, "transition_type": kind,
            "time_sec": round(self.now_sec(), 3),
        })

    def invoke(self, name, args):
        """The model decides to call a function; the id of the invocation."""
        self.tool_calls += 1
        tool_call_id = f"tool_call_{self.tool_calls:04d}{self.call_id[-4:]}"
        self.entries.append({
            "role": "tool_call_invocation", "tool_call_id": tool_call_id, "name": name,
            "arguments": json.dumps(args, ensure_ascii=False, separators=(",", ":")),
            "time_sec": round(self.now_sec(), 3),
        })
        return tool_call_id

    def result(self, tool_call_id, content):
        self.entries.append({
            "role": "tool_call_result", "tool_call_id": tool_call_id,
            "content": content if isinstance(content, str) else content.decode(),
            "time_sec": round(self.now_sec(), 3),
        })

    def call_object(self, **more):
        spoken = [e for e in self.entries if e["role"] in ("agent", "user")]
        return {
            **self.fields,
            "transcript": "".join(f"{e['role'].title()}: {e['content']}\n" for e in spoken),
            "transcript_object": spoken,
            "transcript_with_tool_calls": list(self.entries),
            **more,
        }

    def function_body(self, name, args):
        return encode({"call": self.call_object(), "name": name, "args": args})

    def event_body(self, event, **more):
        call = dict(self.fields) if event == "call_started" else self.call_object()
        return encode({"event": event, "call": {**call, **more}})

    def ended_fields(self, reason="user_hangup"):
        end = time.time_ns() // 1_000_000
        return {
            "call_status": "ended", "end_timestamp": end, "duration_ms": end - self.start_timestamp,
            "disconnection_reason": reason,
            "recording_url": f"https://recordings.example.com/{self.call_id}/recording.wav",
            "public_log_url": f"https://recordings.example.com/{self.call_id}/public.log",
            "collected_dynamic_variables": {"previous_node": "Termin absagen", "current_node": "Verabschiedung"},
        }

    def analysis(self):
        return {
            "call_summary": "Frau Öttinger-Weiß bucht einen Termin zum Färben & Föhnen.", "in_voicemail": False,
            "user_sentiment": "Positive", "call_successful": True, "custom_analysis_data": {"termin_gebucht": True},
        }


def encode(payload):
    """As it goes over the wire: compact, raw UTF-8."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
