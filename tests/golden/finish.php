<?php
// fastcgi_finish_request: what runs after it belongs to the request, what it prints goes nowhere.
// sapi: fpm

function answers(string $text): void
{
    header('X-Golden: yes');
    echo $text;
}

function afterwards(int $n): int
{
    echo 'nobody reads this';
    return $n * 2;
}

class Late
{
    public function __destruct()
    {
        afterwards(3);
    }
}

$late = new Late();
register_shutdown_function('afterwards', 2);
answers('early');
fastcgi_finish_request();
afterwards(1);
try {
    throw new RuntimeException('late');
} catch (RuntimeException $e) {
    afterwards(0);
}
