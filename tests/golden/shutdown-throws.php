<?php
// An exception that leaves a shutdown function, with a handler.

set_exception_handler(function (Throwable $e): void {
    echo 'handled ', $e->getMessage(), "\n";
});

function fails(int $n): void
{
    throw new LogicException("in shutdown $n");
}

register_shutdown_function('fails', 1);
register_shutdown_function(function (): void {
    echo "second\n";
});
echo "body\n";
