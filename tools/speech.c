/* SPDX-License-Identifier: MIT */
#include "speech.h"

#include <string.h>

#define ROLE_WIDTH 7

static const struct {
	const char *role, *label;
	enum style style;
} roles[] = {
	{"agent", "Agent", CYAN}, {"user", "User", GREEN}, {"transfer_target", "Other", BLUE},
	{"dtmf", "DTMF", GREEN},  {"sms", "SMS", BLUE},	   {"injected", "Note", BLUE},
};

void speech_role(struct text *out, const char *role)
{
	const char *label = role;

	text_style(out, BOLD);
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (strcmp(roles[i].role, role) != 0)
			continue;
		label = roles[i].label;
		text_style(out, roles[i].style);
	}
	text_add_cut(out, label, ROLE_WIDTH - 1);
	text_style(out, PLAIN);
}

void speech_add(struct text *out, const char *role, const char *said, int width)
{
	speech_role(out, role);
	text_pad(out, ROLE_WIDTH);
	text_add_wrapped(out, said, width, 0);
	text_newline(out);
}
