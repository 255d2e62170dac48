<?php
// A session handler written in PHP: opened, read, written and closed, the last two at shutdown.

class Memory implements SessionHandlerInterface
{
    public function open(string $path, string $name): bool
    {
        return $this->says("open $name");
    }

    public function read(string $id): string|false
    {
        $this->says('read');
        return 'n|i:41;';
    }

    public function write(string $id, string $data): bool
    {
        return $this->says("write $data");
    }

    public function close(): bool
    {
        return $this->says('close');
    }

    public function destroy(string $id): bool
    {
        return $this->says('destroy');
    }

    public function gc(int $lifetime): int|false
    {
        return 0;
    }

    private function says(string $what): bool
    {
        fwrite($GLOBALS['out'], "$what; ");
        return true;
    }
}

$out = fopen('php://output', 'w');
ini_set('session.use_cookies', '0');
ini_set('session.gc_probability', '0');
ob_start();
session_set_save_handler(new Memory(), true);
session_id('abc');
session_start();
$_SESSION['n']++;
echo $_SESSION['n'], ' ';
ob_end_flush();
