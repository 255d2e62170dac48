/* SPDX-License-Identifier: MIT */
/*
 * The Zend observer: sees PHP functions where the JIT is on. It costs every call something, also
 * those that are not recorded, so it is used only there.
 */
#pragma once

/* Before zend_observer_post_startup(), in the window that boot.c finds. */
void observer_install(void);
