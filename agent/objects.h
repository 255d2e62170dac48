/* SPDX-License-Identifier: MIT */
/*
 * Objects: by class, number and what they hold, read where it lies. No handler of an object is
 * called, so no property hook runs, no lazy object is initialised.
 */
#pragma once

#include "zend.h"

/* The properties of an object that were written. */
struct shown {
	uint16_t n;
	bool cut; /* there are more, and the marker that says so is written */
};

uint8_t *object_put(uint8_t *p, struct zobj *obj, unsigned depth);
/* The declared properties from the `first` slot on, without the map around them. */
uint8_t *object_put_slots(uint8_t *p, const struct zobj *obj, uint32_t first, unsigned depth,
			  struct shown *shown);
/* An Exception or an Error, by class. */
bool object_is_throwable(const struct zobj *obj);
/* Of a class of library code: neither the application's nor PHP's own. */
bool object_is_foreign(const struct zobj *obj);
