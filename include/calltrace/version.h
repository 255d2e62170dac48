/* SPDX-License-Identifier: MIT */
#pragma once

/* The release, as every program prints it with --version. */
#define CT_VERSION "0.1.0"
