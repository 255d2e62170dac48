/* SPDX-License-Identifier: MIT */
/* The signals. */

#include "crash.h"

#include "link.h"
#include "postmortem.h"
#include "recording.h"
#include "worker.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of which the handler and libunwind use a quarter; others' handlers may run here too. Memory is
 * taken when it is touched. */
#define STACK_SIZE (128u << 10)
#define GUARD_SIZE 4096u

static struct watched {
	int signal;
	bool installed;
	struct sigaction previous;
} watched[] = {{SIGSEGV}, {SIGBUS}, {SIGABRT}, {SIGFPE}, {SIGILL}};

#define WATCHED (sizeof(watched) / sizeof(*watched))

static pid_t watching;	/* the process, and its only thread that runs PHP */
static uint32_t told;	/* worker.request + 1 whose crash is recorded */
static int in_progress; /* the signal that is being recorded */
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

static void record(struct watched *w, siginfo_t *info, void *context)
{
	bool deadly = w->previous.sa_handler == SIG_DFL;

	postmortem_begin(w->signal, info, context);
	attempt(postmortem_unwind);
	/* Somebody may save the process, and then a frame that was being written is gone on with.
	 */
	if (!deadly && postmortem_is_ours()) {
		worker.recording = worker.armed = false;
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
}

/* Not a child that shares this memory until it becomes another program, nor another thread. */
static bool is_watched_thread(void)
{
	return getpid() == watching && syscall(SYS_gettid) == watching;
}

static bool is_recorded(void)
{
	return worker.recording && worker.ring.header && told != worker.request + 1 &&
	       is_watched_thread();
}

static void crashed(int signal, siginfo_t *info, void *context)
{
	int saved = errno;

	if (in_progress && is_watched_thread()) {
		/* In the handler itself: on with its next step, or with what it was about. */
		if (may_fail) {
			may_fail = 0;
			siglongjmp(next_step, 1);
		}
		signal = in_progress;
	} else if (is_recorded()) {
		told = worker.request + 1;
		in_progress = signal;
		record(watched_by(signal), info, context);
		in_progress = 0;
	}
	hand_on(watched_by(signal), info, context);
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

static void watch(struct watched *w)
{
	struct sigaction now, ours = {.sa_sigaction = crashed};

	if (sigaction(w->signal, NULL, &now) < 0 || now.sa_sigaction == crashed)
		return;
	/* Who came later has his reasons; and programs that PHP starts inherit what is ignored. */
	if (now.sa_handler == SIG_IGN || (w->installed && now.sa_handler != SIG_DFL))
		return;
	ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
	sigfillset(&ours.sa_mask);
	for (unsigned i = 0; i < WATCHED; i++)
		sigdelset(&ours.sa_mask, watched[i].signal);
	w->previous = now;
	w->installed = sigaction(w->signal, &ours, NULL) == 0;
}

void crash_watch(void)
{
	watching = getpid();
	if (syscall(SYS_gettid) != watching)
		return;
	have_stack();
	for (unsigned i = 0; i < WATCHED; i++)
		watch(&watched[i]);
}

void crash_init(void)
{
	postmortem_init();
}
