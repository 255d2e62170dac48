<?php
// Shutdown functions: with arguments, registering another, throwing, after exit.

function says(string $what): void
{
    echo "$what ";
}

class Cleaner
{
    public function clean(int $n): void
    {
        says("clean $n");
        if ($n > 1) {
            register_shutdown_function([$this, 'clean'], $n - 1);
        }
    }

    public function __destruct()
    {
        says('destroyed');
    }
}

register_shutdown_function('says', 'first');
register_shutdown_function([new Cleaner(), 'clean'], 2);
register_shutdown_function(function (): void {
    says('exits');
    exit(7);
});
register_shutdown_function('says', 'not reached');

function body(): void
{
    says('body');
    exit(1);
}

body();
