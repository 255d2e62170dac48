/* SPDX-License-Identifier: MIT */
/*
 * Wakes the agent up in php-fpm's master, between zend_startup() and the reading of the ini files,
 * where php calls tzset(): the only time at which the engine takes what the agent has to register.
 * Everywhere else it stays asleep.
 */
#pragma once

void boot(void);
