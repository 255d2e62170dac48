<?php
// exit in a finally block while an exception is on its way; and one in a catch block.

function cleans(): void
{
    try {
        throws();
    } finally {
        echo "cleaning\n";
        leave();
    }
}

function throws(): void
{
    throw new RuntimeException('on its way');
}

function leave(): never
{
    exit(9);
}

try {
    throws();
} catch (RuntimeException $e) {
    echo "caught once\n";
}
try {
    cleans();
} catch (RuntimeException $e) {
    echo 'not reached';
}
