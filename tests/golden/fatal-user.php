<?php
// trigger_error(E_USER_ERROR) in a callback, at depth, with objects alive.

class Alive
{
    public function __destruct()
    {
        echo 'not destroyed after a fatal error';
    }
}

function fails(int $n): int
{
    trigger_error("fatal $n", E_USER_ERROR);
    return $n;
}

function maps(Alive $alive): array
{
    return array_map('fails', [1, 2]);
}

error_reporting(E_ALL & ~E_DEPRECATED);
register_shutdown_function(fn () => print("shutdown\n"));
maps(new Alive());
