<?php
// set_error_handler: called for warnings and notices, returning false, restored; the @ operator; error_get_last.

function handles(int $type, string $message, string $file, int $line): bool
{
    echo "[$type $message:$line]";
    return !str_contains($message, 'decline');
}

function warns(): string
{
    $list = [];
    return 'got' . $list['missing'];
}

set_error_handler('handles');
echo warns(), ' ', @warns(), ' ';
trigger_error('user', E_USER_NOTICE);
trigger_error('decline', E_USER_NOTICE);
restore_error_handler();
@trigger_error('quiet', E_USER_NOTICE);
echo ' ', error_get_last()['message'], ' ';
set_error_handler(fn (int $type, string $message): bool => handles($type, "masked $message", '', 0), E_WARNING);
echo (string) $undefined, 1 <=> trigger_error('a notice', E_USER_NOTICE), "\n";
