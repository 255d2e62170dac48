<?php
// exit in an output callback, and an exception that leaves one.

function leaves(string $buffer): string
{
    if ($buffer !== '') {
        exit("from the callback\n");
    }
    return $buffer;
}

function throws(string $buffer): string
{
    throw new RuntimeException("with $buffer");
}

try {
    ob_start('throws');
    echo 'text';
    ob_end_clean();
} catch (RuntimeException $e) {
    echo $e->getMessage(), "\n";
}
register_shutdown_function(function (): void {
    echo "shutdown\n";
});
ob_start('leaves');
echo 'lost';
ob_end_flush();
echo 'not reached';
