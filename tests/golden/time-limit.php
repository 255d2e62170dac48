<?php
// The time limit is reached in a loop of calls; in the shutdown function there is time again.
// configs: on tracing

function spins(): int
{
    for ($n = 0; ; $n++);
    return $n;
}

register_shutdown_function(function (): void {
    echo strtok(error_get_last()['message'], "\n"), "\n";
});
set_time_limit(1);
spins();
