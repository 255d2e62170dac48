<?php
// A fatal error at depth: what a class lacks is found out when it is declared. Shutdown functions and handlers still run.

function declares(string $name): void
{
    eval("class $name implements Countable {}");
}

function outer(array $names): void
{
    foreach ($names as $name) {
        declares($name);
    }
}

register_shutdown_function(function (): void {
    echo 'shutdown after ', error_get_last()['type'], "\n";
    after();
});

function after(): void
{
    echo "after\n";
}

outer(['Incomplete']);
