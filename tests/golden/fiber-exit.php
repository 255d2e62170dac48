<?php
// exit inside a fiber, with functions open in it and outside.
// since: 8.1

register_shutdown_function(function (): void {
    echo "shutdown\n";
});

function inside(): void
{
    try {
        leave(3);
    } finally {
        echo 'not run';
    }
}

function leave(int $status): void
{
    echo "leaving\n";
    exit($status);
}

function starts(Fiber $f): void
{
    $f->start();
    echo 'not reached';
}

starts(new Fiber('inside'));
