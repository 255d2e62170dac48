/* SPDX-License-Identifier: MIT */
/* The signals. */

#include "crash.h"

#include "link.h"
#include "postmortem.h"
#include "recording.h"
#include "worker.h"

#include <errno.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of which the handler takes 8 KiB; others' handlers may run here too. Memory is taken when it is
 * touched. */
#define STACK_SIZE (64u << 10)
#define GUARD_SIZE 4096u
#define PATIENCE                     \
	{                            \
		.tv_nsec = 500000000 \
	} /* of another thread */

static struct watched {
	int signal;
	bool installed;
	struct sigaction previous;
} watched[] = {{SIGSEGV}, {SIGBUS}, {SIGABRT}, {SIGFPE}, {SIGILL}};

#define WATCHED (sizeof(watched) / sizeof(*watched))

static pid_t watching;	  /* the process, and its only thread that runs PHP */
static uint32_t told;	  /* worker.request + 1 whose crash is recorded */
static int in_progress;	  /* the signal that is being recorded */
static struct elsewhere { /* what another thread has PHP's tell */
	int signal;
	const siginfo_t *info;
	const ucontext_t *context;
	const char *thread;
	int told;
} elsewhere;
static sigjmp_buf next_step;
static volatile sig_atomic_t may_fail;

static struct watched *watched_by(int signal)
{
	struct watched *w = watched;

	while (w->signal != signal)
		w++;
	return w;
}

/* To the end of this handler nothing changes; behind it the kernel does what it does by default. */
static void leave_to_kernel(int signal, siginfo_t *info)
{
	const struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t set;

	sigaction(signal, &dfl, NULL);
	/* A faulting instruction is run again, and faults again: a core dump shows just that. What
	 * was sent, abort()'s own too, is sent again with what it said. */
	if (info->si_code > 0 && signal != SIGABRT &&
	    !(signal == SIGBUS && info->si_code > BUS_OBJERR))
		return;
	sigemptyset(&set);
	sigaddset(&set, signal);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), signal, info);
}

static void call_previous(struct watched *w, siginfo_t *info, void *context)
{
	struct sigaction previous = w->previous;
	sigset_t mask = previous.sa_mask, before;

	if (!(previous.sa_flags & SA_NODEFER))
		sigaddset(&mask, w->signal);
	if (previous.sa_flags & (int)SA_RESETHAND)
		w->previous = (struct sigaction){.sa_handler = SIG_DFL};
	pthread_sigmask(SIG_BLOCK, &mask, &before);
	if (previous.sa_flags & SA_SIGINFO)
		previous.sa_sigaction(w->signal, info, context);
	else
		previous.sa_handler(w->signal);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void hand_on(struct watched *w, siginfo_t *info, void *context)
{
	if (w->previous.sa_handler == SIG_DFL)
		leave_to_kernel(w->signal, info);
	else
		call_previous(w, info, context);
}

/* False: it crashed as well. */
static bool attempt(void (*step)(void))
{
	if (sigsetjmp(next_step, 0) != 0)
		return false;
	may_fail = 1;
	step();
	may_fail = 0;
	return true;
}

static bool written;

static void write_whole(void)
{
	written = postmortem_write(true);
}

static void record(struct watched *w, const siginfo_t *info, const ucontext_t *context,
		   const char *thread)
{
	bool deadly = w->previous.sa_handler == SIG_DFL;

	told = worker.request + 1;
	in_progress = w->signal;
	postmortem_begin(w->signal, info, context, thread);
	attempt(postmortem_unwind);
	/* Somebody may save the process, and then a frame that was being written is gone on with.
	 */
	if (!deadly && postmortem_is_ours()) {
		worker.recording = worker.armed = false;
		in_progress = 0;
		return;
	}
	written = false;
	attempt(write_whole);
	if (!written && !postmortem_write(false))
		ring_lose(&worker.ring, CT_LOST_ERRORS, 1);
	/* It is the last chance to hand the ring over. */
	link_hurry();
	if (deadly)
		recording_end(CT_END_CRASHED, NO_EXIT_STATUS);
	else
		recording_wake();
	in_progress = 0;
}

static bool is_php_thread(void)
{
	return syscall(SYS_gettid) == watching;
}

static bool is_recorded(void)
{
	return worker.recording && worker.ring.header && told != worker.request + 1;
}

/* In the crashing thread: until it is told, or PHP's thread cannot. */
static void have_told(int signal, const siginfo_t *info, const ucontext_t *context)
{
	const struct timespec patience = PATIENCE;
	char name[16] = "";
	int none = 0;

	/* Where somebody may handle it PHP's thread is not to be disturbed. */
	if (in_progress || !is_recorded() || watched_by(signal)->previous.sa_handler != SIG_DFL ||
	    !__atomic_compare_exchange_n(&elsewhere.signal, &none, signal, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return;
	elsewhere.info = info;
	elsewhere.context = context;
	prctl(PR_GET_NAME, name);
	elsewhere.thread = name;
	__atomic_store_n(&elsewhere.told, 0, __ATOMIC_RELEASE);
	if (syscall(SYS_tgkill, watching, watching, signal) == 0)
		syscall(SYS_futex, &elsewhere.told, FUTEX_WAIT_PRIVATE, 0, &patience, NULL, 0);
	__atomic_store_n(&elsewhere.signal, 0, __ATOMIC_RELEASE);
}

/* In PHP's thread: is this signal but the other's call? */
static bool tell_for_other(int signal, const siginfo_t *info)
{
	if (info->si_code != SI_TKILL || info->si_pid != watching ||
	    __atomic_load_n(&elsewhere.signal, __ATOMIC_ACQUIRE) != signal)
		return false;
	if (is_recorded())
		record(watched_by(signal), elsewhere.info, elsewhere.context, elsewhere.thread);
	__atomic_store_n(&elsewhere.told, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &elsewhere.told, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	return true;
}

static void in_php_thread(int signal, siginfo_t *info, void *context)
{
	if (in_progress) {
		/* In the handler itself: on with its next step, or with what it was about. */
		if (may_fail) {
			may_fail = 0;
			siglongjmp(next_step, 1);
		}
		signal = in_progress;
	} else if (tell_for_other(signal, info)) {
		return;
	} else if (is_recorded()) {
		record(watched_by(signal), info, context, NULL);
	}
	hand_on(watched_by(signal), info, context);
}

static void crashed(int signal, siginfo_t *info, void *context)
{
	int saved = errno;

	/* A child may share this memory until it becomes another program. */
	if (getpid() != watching) {
		hand_on(watched_by(signal), info, context);
	} else if (is_php_thread()) {
		in_php_thread(signal, info, context);
	} else {
		have_told(signal, info, context);
		hand_on(watched_by(signal), info, context);
	}
	errno = saved;
}

/* A library may have brought one already. */
static void have_stack(void)
{
	static char *own;
	stack_t stack;

	if (sigaltstack(NULL, &stack) < 0 || !(stack.ss_flags & SS_DISABLE))
		return;
	if (!own) {
		void *made = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

		if (made == MAP_FAILED)
			return;
		mprotect(made, GUARD_SIZE, PROT_NONE);
		own = (char *)made + GUARD_SIZE;
	}
	stack = (stack_t){.ss_sp = own, .ss_size = STACK_SIZE};
	sigaltstack(&stack, NULL);
}

static bool is_in_place(const struct watched *w, struct sigaction *ret_now)
{
	*ret_now = (struct sigaction){0};
	return sigaction(w->signal, NULL, ret_now) == 0 && ret_now->sa_sigaction == crashed;
}

static void watch(struct watched *w)
{
	struct sigaction now, ours = {.sa_sigaction = crashed};

	if (is_in_place(w, &now))
		return;
	/* Who came later has his reasons; and programs that PHP starts inherit what is ignored. */
	if (now.sa_handler == SIG_IGN || (w->installed && now.sa_handler != SIG_DFL))
		return;
	ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | (now.sa_flags & SA_RESTART);
	sigfillset(&ours.sa_mask);
	for (unsigned i = 0; i < WATCHED; i++)
		sigdelset(&ours.sa_mask, watched[i].signal);
	w->previous = now;
	w->installed = sigaction(w->signal, &ours, NULL) == 0;
}

/* A system call in most requests: who takes one of the signals away for good takes the first. */
static bool is_watched(void)
{
	static uint32_t ring, times;
	struct sigaction now;

	if (ring == worker.ring_serial && ++times % 64 && is_in_place(&watched[0], &now))
		return true;
	ring = worker.ring_serial;
	return false;
}

void crash_watch(void)
{
	if (!worker.settings.crashes || is_watched())
		return;
	watching = getpid();
	if (syscall(SYS_gettid) != watching)
		return;
	have_stack();
	for (unsigned i = 0; i < WATCHED; i++)
		watch(&watched[i]);
}

void crash_init(void)
{
	if (worker.settings.crashes)
		postmortem_init();
}
