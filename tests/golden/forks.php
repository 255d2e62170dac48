<?php
// pcntl_fork: the child calls, throws and exits in the middle of the parent's functions; a signal handler in PHP.
// sapi: cli

function work(string $who): int
{
    return strlen($who);
}

function forks(): int
{
    $pid = pcntl_fork();
    if ($pid === 0) {
        exit(work('child'));
    }
    pcntl_waitpid($pid, $status);
    return pcntl_wexitstatus($status) + work('the parent');
}

pcntl_async_signals(true);
pcntl_signal(SIGUSR1, function (int $signal): void {
    echo "signal $signal ", work('x'), ' ';
});
exec('kill -USR1 $PPID');
echo forks(), "\n";
