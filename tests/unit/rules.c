/* SPDX-License-Identifier: MIT */
/* The agent's rules and settings: what is decided by which, and what a file can have wrong. */

#include "../../agent/glob.h"
#include "../../agent/settings.h"

#include "check.h"

#include <errno.h>
#include <unistd.h>

/* --- globs */

static bool matches(const char *pattern, const char *text, enum glob_how how)
{
	const struct glob_text plain = {.name = text, .name_len = strlen(text)};

	return glob_match(pattern, &plain, how);
}

static void test_globs(void)
{
	static const struct {
		const char *pattern, *text;
		enum glob_how how;
		bool expected;
	} cases[] = {
		{"", "", GLOB_EXACT, true},
		{"", "a", GLOB_EXACT, false},
		{"*", "", GLOB_EXACT, true},
		{"?", "", GLOB_EXACT, false},
		{"a*c*e", "abcde", GLOB_EXACT, true},
		{"a*c*e", "abcdef", GLOB_EXACT, false},
		{"*ab", "aab", GLOB_EXACT, true},
		{"*aab", "aaaab", GLOB_EXACT, true},
		{"a?c", "abc", GLOB_EXACT, true},
		{"a?c", "ac", GLOB_EXACT, false},
		{"App\\*", "app\\services\\X", GLOB_NAME, true},
		{"App\\*", "app\\services\\X", GLOB_EXACT, false},
		{"App\\*", "App", GLOB_NAME, false},
		{"[a-c]x", "Bx", GLOB_NAME, true},
		{"[A-C]x", "bx", GLOB_NAME, true},
		{"[!a-c]x", "bx", GLOB_EXACT, false},
		{"[^a-c]x", "dx", GLOB_EXACT, true},
		{"[]]x", "]x", GLOB_EXACT, true},
		{"[a-]x", "-x", GLOB_EXACT, true},
		{"[ax", "[ax", GLOB_EXACT, true}, /* nothing closes it */
		{"[ax", "ax", GLOB_EXACT, false},
		{"\xc3\x84*", "\xc3\x84rger", GLOB_NAME, true},
		{"\xc3\x84*", "\xc3\xa4rger", GLOB_NAME, false}, /* nor are they one to PHP */
		{"/srv/app", "/srv/app", GLOB_BELOW, true},
		{"/srv/app", "/srv/app/x.php", GLOB_BELOW, true},
		{"/srv/app/", "/srv/app/x.php", GLOB_BELOW, true},
		{"/srv/app/", "/srv/app", GLOB_BELOW, false},
		{"/srv/app", "/srv/app2/x.php", GLOB_BELOW, false},
		{"/srv/app", "/srv/App/x.php", GLOB_BELOW, false},
		{"/srv/*/vendor/acme", "/srv/r7/vendor/acme/x.php", GLOB_BELOW, true},
		{"/srv/*/vendor/acme", "/srv/r7/vendor/acme2/x.php", GLOB_BELOW, false},
		{"/srv/*/vendor/acme", "/srv/a/vendor/acme2/vendor/acme/x", GLOB_BELOW, true},
		{"*.inc.php", "/srv/a.inc.php", GLOB_BELOW, true},
		{"*.inc.php", "/srv/a.inc.phps", GLOB_BELOW, false},
		{"/", "/srv/x.php", GLOB_BELOW, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (matches(cases[i].pattern, cases[i].text, cases[i].how) != cases[i].expected) {
			fprintf(stderr, "glob \"%s\" \"%s\": not %d\n", cases[i].pattern,
				cases[i].text, cases[i].expected);
			exit(1);
		}
}

/* A class and a name are matched as if :: stood between them, wherever a wildcard ends. */
static void test_globs_of_two_parts(void)
{
	static const char class[] = "App\\Jobs\\Send", name[] = "handle";
	const struct glob_text text = {class, name, strlen(class), strlen(name)};

	CHECK(glob_match("App\\Jobs\\Send::handle", &text, GLOB_NAME));
	CHECK(glob_match("*\\Jobs\\*::handle", &text, GLOB_NAME));
	CHECK(glob_match("*nd:?h*", &text, GLOB_NAME));
	CHECK(glob_match("*handle", &text, GLOB_NAME));
	CHECK(!glob_match("App\\Jobs\\Send", &text, GLOB_NAME));
	CHECK(!glob_match("App\\Jobs\\Send::handles", &text, GLOB_NAME));
}

/* What would take a recursive matcher for ever. */
static void test_globs_are_fast(void)
{
	char text[4000];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	CHECK(!matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text, GLOB_EXACT));
}

/* --- reading */

struct told {
	char text[4096];
	unsigned n, odd;
};

static void tell(void *userdata, const struct problem *problem)
{
	struct told *told = userdata;
	size_t n = strlen(told->text);

	told->n += !problem->odd;
	told->odd += problem->odd;
	snprintf(told->text + n, sizeof(told->text) - n, "%u: %s%s%.200s\n", problem->line,
		 problem->what, problem->about ? ": " : "", problem->about ? problem->about : "");
}

static struct settings settings;
static struct told told;

/* A worker keeps what it has read for as long as it lives; we read again and again. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:settings_read\n";
}

static void read_bytes(const char *text, size_t n)
{
	char path[] = "/tmp/test-rules-XXXXXX";
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK_INT(write(fd, text, n), (long long)n);
	close(fd);
	memset(&told, 0, sizeof(told));
	settings_init(&settings);
	CHECK(settings_read(&settings, path, tell, &told));
	settings_finish(&settings);
	rules_seal(&settings.rules, false);
	unlink(path);
}

static void read_text(const char *text)
{
	read_bytes(text, strlen(text));
}

static void read_good(const char *text)
{
	read_text(text);
	CHECK_STR(told.text, "");
}

static void test_good_files(void)
{
	read_good("");
	CHECK_STR(settings.socket, "/run/calltrace/agent.sock");
	CHECK_INT(settings.rules.vendor.n, 4);
	CHECK_INT(settings.rules.handlers.n, 4);
	CHECK_INT(settings.rules.units.n, 3);

	read_good(
		"\xef\xbb\xbf# with a BOM and CRLF\r\n\r\n  max_depth = 3\t\r\n; other comment\r\n"
		"socket=/tmp/a b\r\nring_size = 8M\r\nsapis = cli, fpm-fcgi\r\nmax_calls = 7");
	CHECK_INT(settings.max_depth, 3);
	CHECK_STR(settings.socket, "/tmp/a b");
	CHECK_INT(settings.ring_size, 8 << 20);
	CHECK_INT(settings.sapis, SAPI_FPM | SAPI_CLI);
	CHECK_INT(settings.max_calls, 7);

	read_good("handler = \\App\\*\nrule = off *\nprofile = everything\nsample = 12.5%\n"
		  "rule =  args\tpath:/srv/my app/x.php \n");
	CHECK_INT(settings.rules.handlers.n, 1);
	CHECK_STR(settings.rules.handlers.item[0], "App\\*");
	CHECK_INT(settings.rules.profile, PROFILE_EVERYTHING);
	CHECK_INT(settings.rules.n, 2);
	CHECK_STR(settings.rules.rule[1].pattern, "/srv/my app/x.php");
	CHECK_INT(settings.samples.item[0].of_2_32, 1ll << 29);
}

static void test_bad_lines(void)
{
	static const char *const cases[] = {
		"max_strings = 5",
		"max_string 5",
		"[calltrace]",
		"max_string =",
		"max_string = 15",
		"max_string = 60001",
		"max_string = -20",
		"max_string = 20 # bytes",
		"max_string = 5KB",
		"max_string = 18446744073709551616",
		"ring_size = 18014398509481985K",
		"ring_size = 512K",
		"ring_size = 128M",
		"log = maybe",
		"off = ",
		"socket = run/agent.sock",
		"socket = ",
		"socket = \"/run/agent.sock\"",
		"sapis = apache2handler",
		"sapis = ,",
		"profile = all",
		"rule = ",
		"rule = args",
		"rule = App\\*",
		"rule = arg App\\*",
		"rule = args App\\\\X",
		"rule = args App\\X->y",
		"rule = args App\\X:y",
		"rule = args f()",
		"rule = args /srv/x.php",
		"rule = args path:srv/x.php",
		"rule = args path:/srv/../x.php",
		"rule = args paht:/srv/",
		"rule = args f # all of it",
		"rule = args internal:",
		"handler = \"X::*\"",
		"handler =",
		"unit = a b",
		"vendor = ",
		"sample = 10",
		"sample = 101%",
		"sample = -1%",
		"sample = 1e1%",
		"sample = %",
		"sample = 5% api",
		"sample = 100.0001%",
		"sample = 99999999999999999999999%",
		"= 5",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[200];

		snprintf(text, sizeof(text), "max_depth = 2\n%s\nmax_elements = 3\n", cases[i]);
		read_text(text);
		if (told.n != 1 || told.text[0] != '2') {
			fprintf(stderr, "%s: %s\n", cases[i], told.text);
			exit(1);
		}
		CHECK_INT(settings.max_depth, 2);
		CHECK_INT(settings.max_elements, 3);
		CHECK_INT(settings.max_string, 4096);
		CHECK_INT(settings.rules.n, 0);
		CHECK_INT(settings.samples.n, 0);
		CHECK_INT(settings.rules.handlers.n, 4); /* the defaults */
		CHECK_INT(settings.rules.vendor.n, 4);
	}
}

static void test_bad_bytes(void)
{
	static const char nul[] = "max_depth = 2\nmax_string = 1\0"
				  "00\nmax_elements = 3\n";
	static const char utf16[] = "\xff\xfem\0a\0x\0\n\0";
	size_t n = 3u << 20;
	char *text;

	read_bytes(nul, sizeof(nul) - 1);
	CHECK_STR(told.text, "2: a NUL byte; the file is text in UTF-8\n");
	CHECK_INT(settings.max_elements, 3);
	read_bytes(utf16, sizeof(utf16) - 1);
	CHECK(told.n > 0);

	/* A line of a mebibyte and more. */
	text = malloc(n);
	memset(text, 'x', n);
	memcpy(text, "max_depth = 2\n", 14);
	read_bytes(text, n);
	CHECK_INT(settings.max_depth, 2);
	CHECK_INT(told.n, 2);
	CHECK(strstr(told.text, "0: larger than 1 MiB") != NULL);
	free(text);

	CHECK(!settings_read(&settings, "/nonexistent/agent.conf", tell, &told));
	CHECK_INT(errno, ENOENT);
	CHECK(!settings_read(&settings, "/tmp", tell, &told));
	CHECK_INT(errno, EISDIR);
	CHECK(settings_read(&settings, "/dev/null", tell, &told));
}

static void test_too_many(void)
{
	static char text[(RULES_MAX + 1) * 32];
	size_t n = 0;

	for (unsigned i = 0; i <= RULES_MAX; i++)
		n += (size_t)sprintf(text + n, "rule = off f%u\n", i);
	read_text(text);
	CHECK_STR(told.text, "257: too many: there is no place for more than 256 rules: f256\n");
	CHECK_INT(settings.rules.n, RULES_MAX);

	n = 0;
	for (unsigned i = 0; i <= PATTERNS_MAX; i++)
		n += (size_t)sprintf(text + n, "vendor = /f%u/\n", i);
	read_text(text);
	CHECK_STR(told.text, "65: too many: there is no place for more than 64: /f64/\n");

	n = 0;
	for (unsigned i = 0; i <= SAMPLES_MAX; i++)
		n += (size_t)sprintf(text + n, "sample = 1%% /f%u/\n", i);
	read_text(text);
	CHECK_STR(told.text, "33: too many: there is no place for more than 32 samples\n");
}

static void test_set_again(void)
{
	read_text("max_depth = 2\nmax_depth = 4\n");
	CHECK_STR(told.text, "2: set in line 1 already; the last counts: max_depth\n");
	CHECK_INT(settings.max_depth, 4);
	read_text("ring_size = 5M\n");
	CHECK_INT(told.odd, 1);
	CHECK_INT(settings.ring_size, 4 << 20);
}

/* --- deciding */

static struct decision decide(const char *class, const char *name, const char *file)
{
	const struct fn_names names = {
		.class = class,
		.name = name,
		.file = file,
		.class_len = strlen(class),
		.name_len = strlen(name),
		.file_len = strlen(file),
	};
	bool app = rules_path_is_app(&settings.rules, file, strlen(file));
	struct decision decision = rules_decide(&settings.rules, &names, app);
	enum fn_mode mode;

	/* What is said of the whole file holds for each in it. */
	if (rules_decide_file(&settings.rules, file, strlen(file), &mode))
		CHECK_INT(decision.mode, mode);
	return decision;
}

#define APP    "/srv/app/app/X.php"
#define VENDOR "/srv/app/vendor/acme/x/X.php"

static void test_profiles(void)
{
	read_good("");
	CHECK_INT(decide("App\\X", "f", APP).mode, FN_ARGS);
	CHECK_INT(decide("Acme\\X", "f", VENDOR).mode, FN_OFF);
	CHECK(decide("App\\XController", "f", APP).handler);
	CHECK(!decide("Acme\\XController", "f", VENDOR).handler);
	CHECK(!decide("App\\X", "f", APP).handler);
	CHECK(!decide("Illuminate\\Queue\\Worker", "process", VENDOR).unit);

	read_good("profile = handlers\n");
	CHECK_INT(decide("App\\X", "f", APP).mode, FN_OFF);
	CHECK_INT(decide("App\\XController", "f", APP).mode, FN_ARGS);
	CHECK_INT(decide("Acme\\XController", "f", VENDOR).mode, FN_OFF);

	read_good("profile = everything\n");
	CHECK_INT(decide("App\\X", "f", APP).mode, FN_ARGS);
	CHECK_INT(decide("", "{include}", VENDOR).mode, FN_TIME);

	read_good("vendor = /lib/\n");
	CHECK_INT(decide("Acme\\X", "f", VENDOR).mode, FN_ARGS);
	CHECK_INT(decide("Acme\\X", "f", "/srv/lib/x.php").mode, FN_OFF);
}

static void test_first_match_decides(void)
{
	read_good("rule = off App\\Support\\Str::random\n"
		  "rule = time App\\Support\\*\n"
		  "rule = args path:/srv/app/vendor/acme\n"
		  "rule = off path:/srv/app/app/Legacy/\n"
		  "rule = time helper\n");
	CHECK_INT(decide("App\\Support\\Str", "random", APP).mode, FN_OFF);
	CHECK_INT(decide("App\\Support\\Str", "random", APP).rule->line, 1);
	CHECK_INT(decide("app\\support\\str", "RANDOM", APP).mode, FN_OFF);
	CHECK_INT(decide("App\\Support\\Str", "slug", APP).mode, FN_TIME);
	CHECK_INT(decide("", "App\\Support\\helper", APP).mode, FN_TIME);
	CHECK_INT(decide("App\\Supports", "x", APP).mode, FN_ARGS);
	CHECK(!decide("App\\Supports", "x", APP).rule);
	CHECK_INT(decide("Acme\\X", "f", VENDOR).mode, FN_ARGS);
	CHECK_INT(decide("Acme\\X", "f", "/srv/app/vendor/acme2/X.php").mode, FN_OFF);
	CHECK_INT(decide("", "{closure}", "/srv/app/app/Legacy/a.php").mode, FN_OFF);
	CHECK_INT(decide("", "helper", "/srv/app/app/h.php").mode, FN_TIME);
	CHECK_INT(decide("", "helpers", "/srv/app/app/h.php").mode, FN_ARGS);
	/* A class by its name alone: all of its methods. */
	CHECK_INT(decide("Helper", "x", "/srv/app/app/h.php").mode, FN_TIME);
}

static void test_handlers_that_a_rule_speaks_of(void)
{
	read_good("rule = args Acme\\*\nrule = off App\\OldController\nrule = time App\\*\n");
	CHECK(decide("Acme\\XController", "f", VENDOR).handler);
	CHECK(!decide("App\\OldController", "f", APP).handler);
	CHECK(decide("App\\NewController", "f", APP).handler);
}

static void test_units(void)
{
	read_text("rule = off path:*/vendor/\n");
	rules_seal(&settings.rules, true);
	CHECK(decide("Illuminate\\Queue\\Worker", "process", VENDOR).unit);
	CHECK_INT(decide("Illuminate\\Queue\\Worker", "process", VENDOR).mode, FN_TIME);
	CHECK(!decide("Illuminate\\Queue\\Worker", "daemon", VENDOR).unit);
	CHECK_INT(decide("Illuminate\\Queue\\Worker", "daemon", VENDOR).mode, FN_OFF);
}

/* decide() compares with each function; here, that it says so where it can. */
static void test_whole_files(void)
{
	enum fn_mode mode;

#define FILE_IS(path) \
	(rules_decide_file(&settings.rules, path, strlen(path), &mode) ? (int)mode : -1)
	read_good("");
	CHECK_INT(FILE_IS(VENDOR), FN_OFF);
	CHECK_INT(FILE_IS(APP), FN_ARGS);
	read_good("rule = args App\\*\n");
	CHECK_INT(FILE_IS(VENDOR), -1);
	CHECK_INT(FILE_IS(APP), FN_ARGS);
	read_good("rule = off path:*/vendor/\nrule = args App\\*\n");
	CHECK_INT(FILE_IS(VENDOR), FN_OFF);
	read_good("rule = off path:*/vendor/\nrule = time *\n");
	CHECK_INT(FILE_IS(APP), FN_TIME);
	read_good("profile = handlers\n");
	CHECK_INT(FILE_IS(VENDOR), FN_OFF);
	CHECK_INT(FILE_IS(APP), -1);
	read_good("rule = off internal:strlen\n");
	CHECK_INT(FILE_IS(APP), FN_ARGS);
	rules_seal(&settings.rules, true);
	CHECK_INT(FILE_IS(VENDOR), -1);
#undef FILE_IS
}

static void test_internal_functions(void)
{
	const struct fn_names json = {
		.class = "", .name = "json_decode", .name_len = 11, .file = ""};
	const struct fn_names commit = {
		.class = "PDO", .class_len = 3, .name = "commit", .name_len = 6, .file = ""};

	read_good("rule = args json_*\n");
	CHECK(!rules_have_internal(&settings.rules));
	CHECK_INT(rules_decide_internal(&settings.rules, &json, FN_OFF), FN_OFF);
	read_good("rule = off *\nrule = time internal:JSON_*\nrule = off internal:pdo\n");
	CHECK(rules_have_internal(&settings.rules));
	CHECK_INT(rules_decide_internal(&settings.rules, &json, FN_OFF), FN_TIME);
	CHECK_INT(rules_decide_internal(&settings.rules, &commit, FN_ARGS), FN_OFF);
}

static uint64_t fingerprint(const char *text, bool with_units)
{
	read_good(text);
	rules_seal(&settings.rules, with_units);
	CHECK(rules_fingerprint(&settings.rules) != 0);
	return rules_fingerprint(&settings.rules);
}

static void test_fingerprints(void)
{
	static const char *const different[] = {
		"",
		"rule = off a\n",
		"rule = time a\n",
		"rule = off b\n",
		"rule = off a\nrule = off b\n",
		"rule = off b\nrule = off a\n",
		"rule = off path:/a\n",
		"rule = off internal:a\n",
		"vendor = /vendor/\n",
		"vendor = /usr/share/\nvendor = /vendor/\n",
		"handler = a\n",
		"handler = a\nhandler = b\n",
		"profile = handlers\n",
		"profile = everything\n",
	};
	size_t n = sizeof(different) / sizeof(different[0]);

	for (size_t i = 0; i < n; i++) {
		uint64_t is = fingerprint(different[i], false);

		CHECK(fingerprint(different[i], false) == is);
		CHECK(fingerprint(different[i], true) != is);
		for (size_t j = 0; j < i; j++)
			CHECK(fingerprint(different[j], false) != is);
	}
	/* Of what nothing is decided by. */
	CHECK(fingerprint("unit = a\n", false) == fingerprint("", false));
	CHECK(fingerprint("unit = a\n", true) != fingerprint("", true));
	CHECK(fingerprint("# c\nmax_depth = 2\nsample = 1%\n", false) == fingerprint("", false));
	CHECK(fingerprint("\n\nrule  =  off   a\n", false) == fingerprint("rule = off a\n", false));
}

/* --- sampling */

static unsigned drawn(const char *path, unsigned of)
{
	unsigned n = 0;

	for (unsigned i = 0; i < of; i++)
		n += samples_draw(&settings.samples, path, strlen(path));
	return n;
}

static void test_samples(void)
{
	read_good("");
	CHECK_INT(drawn("/", 1000), 1000);
	read_good("sample = 100% /api/retell\nsample = 0% *.png\nsample = 25%\n");
	CHECK_INT(drawn("/api/retell/function", 1000), 1000);
	CHECK_INT(drawn("/x/logo.png", 1000), 0);
	/* 25,000 ± 137; twelve times that is never. */
	CHECK(drawn("/", 100000) > 23300);
	CHECK(drawn("/", 100000) < 26700);
	samples_forked();
	CHECK(drawn("/", 100000) > 23300);
	read_good("sample = 0%\n");
	CHECK_INT(drawn("", 1000), 0);
}

/* --- the sample that is installed */

/* Each `#name = value` of it is a default, but the rules, of which there is none. */
static void test_the_sample(const char *path)
{
	static char text[16384], without_rules[16384];
	struct settings defaults;
	FILE *file = fopen(path, "r");
	char line[256];
	size_t n = 0;

	CHECK(file);
	while (fgets(line, sizeof(line), file)) {
		bool is_setting = line[0] == '#' && line[1] != ' ' && strstr(line, " = ");

		CHECK(is_setting || line[0] == '\n' || !strncmp(line, "# ", 2));
		if (!is_setting)
			continue;
		strcat(text, line + 1);
		strcat(without_rules, strncmp(line, "#rule", 5) ? line + 1 : "");
		n++;
	}
	fclose(file);
	CHECK(n > 19); /* settings there are */
	read_good(text);
	CHECK_INT(settings.rules.n, 3);
	read_good("");
	defaults = settings;
	read_good(without_rules);
	CHECK(settings.rules.fingerprint == defaults.rules.fingerprint);
	rules_seal(&settings.rules, true);
	rules_seal(&defaults.rules, true);
	CHECK(settings.rules.fingerprint == defaults.rules.fingerprint);
	CHECK(!memcmp(&settings, &defaults, offsetof(struct settings, samples)));
	CHECK_INT(drawn("/", 1000), 1000);
}

int main(int argc, char **argv)
{
	CHECK_INT(argc, 2);
	test_globs();
	test_globs_of_two_parts();
	test_globs_are_fast();
	test_good_files();
	test_bad_lines();
	test_bad_bytes();
	test_too_many();
	test_set_again();
	test_profiles();
	test_first_match_decides();
	test_handlers_that_a_rule_speaks_of();
	test_units();
	test_whole_files();
	test_internal_functions();
	test_fingerprints();
	test_samples();
	test_the_sample(argv[1]);
	return 0;
}
