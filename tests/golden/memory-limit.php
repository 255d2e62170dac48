<?php
// The memory limit is reached at depth; the shutdown function runs, and so does what comes after in it.

function hoards(int $n): array
{
    $list = [];
    while (true) {
        $list[] = makes($n);
    }
}

function makes(int $n): string
{
    return str_repeat('x', $n);
}

register_shutdown_function(function (): void {
    echo strtok(error_get_last()['message'], '('), "\n";
    echo strlen(makes(3)), "\n";
});
ini_set('memory_limit', '8M');
hoards(1 << 20);
