<?php
// Fibers that are suspended for ever: one destroyed at once, one at shutdown; both run their finally.
// since: 8.1

function waits(string $name): void
{
    try {
        enters($name);
    } finally {
        leaves($name);
    }
}

function enters(string $name): void
{
    echo "+$name ";
    Fiber::suspend();
    echo 'never';
}

function leaves(string $name): void
{
    echo "-$name ";
}

$first = new Fiber('waits');
$first->start('first');
unset($first);
echo '| ';
$second = new Fiber('waits');
$second->start('second');
$unstarted = new Fiber('waits');
echo '| ';
