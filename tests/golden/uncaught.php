<?php
// An exception that nobody catches.

function inner(array $request): void
{
    throw new DomainException('no ' . $request['what'], 42, new LogicException('the reason'));
}

function outer(): void
{
    try {
        inner(['what' => 'luck']);
    } finally {
        echo "finally\n";
    }
}

register_shutdown_function(function (): void {
    echo 'last: ', strtok(error_get_last()['message'], "\n"), "\n";
});
outer();
