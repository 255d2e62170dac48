/* SPDX-License-Identifier: MIT */
/* The collector's decoder: any record is refused or is a frame, of which all can be read. */
#include "decode.h"

#include "fuzz.h"
#include "value.h"

static void read_value(struct span value)
{
	if (!value.data)
		return;
	MUST(value_check(value) == (ssize_t)value.size);
	json_decref(value_to_json(value));
}

static void read_text(struct span text)
{
	json_t *json = value_text(text.data, text.size);

	MUST(json);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame = {0};

	if (decode_frame(&frame, (struct span){(uint8_t *)data, size}) != 0)
		return 0;
	switch (frame.type) {
	case CT_FRAME_PROCESS:
		read_value(frame.process.info);
		break;
	case CT_FRAME_FUNCTION:
		read_text(frame.function.class);
		read_text(frame.function.name);
		read_text(frame.function.file);
		read_value(frame.function.params);
		read_text(frame.function.kind);
		break;
	case CT_FRAME_PARAMS:
	case CT_FRAME_NOTE:
	case CT_FRAME_RUN:
	case CT_FRAME_CRASH:
		read_value(frame.map);
		break;
	case CT_FRAME_BODY:
	case CT_FRAME_OUTPUT:
		read_text(frame.bytes);
		break;
	case CT_FRAME_ENTER:
		read_value(frame.enter.args);
		break;
	case CT_FRAME_LEAVE:
		read_value(frame.leave.value);
		break;
	case CT_FRAME_THROW:
		read_value(frame.throw.map);
		break;
	case CT_FRAME_ERROR:
		read_text(frame.error.message);
		read_text(frame.error.file);
		break;
	}
	return 0;
}
