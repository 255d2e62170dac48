<?php
// A stream wrapper and a stream filter written in PHP; a file of it is included.

class Mem
{
    public static array $files = [];
    public $context;
    private string $name;
    private int $at = 0;

    public function stream_open(string $path, string $mode, int $options, ?string &$opened): bool
    {
        $this->name = $path;
        return $mode[0] !== 'r' || isset(self::$files[$path]);
    }

    public function stream_read(int $count): string
    {
        $part = substr(self::$files[$this->name], $this->at, $count);
        $this->at += strlen($part);
        return $part;
    }

    public function stream_write(string $data): int
    {
        self::$files[$this->name] = (self::$files[$this->name] ?? '') . $data;
        return strlen($data);
    }

    public function stream_eof(): bool
    {
        return $this->at >= strlen(self::$files[$this->name]);
    }

    public function stream_stat(): array
    {
        return ['size' => strlen(self::$files[$this->name])];
    }

    public function stream_set_option(int $option, int $a, ?int $b): bool
    {
        return false;
    }

    public function stream_close(): void
    {
        echo '[close]';
    }
}

class Rot extends php_user_filter
{
    public function filter($in, $out, &$consumed, bool $closing): int
    {
        while ($bucket = stream_bucket_make_writeable($in)) {
            $bucket->data = str_rot13($bucket->data);
            $consumed += $bucket->datalen;
            stream_bucket_append($out, $bucket);
        }
        return PSFS_PASS_ON;
    }
}

stream_wrapper_register('mem', 'Mem');
stream_filter_register('rot', 'Rot');
file_put_contents('mem://a.php', '<?php function from_memory(int $n): int { return $n * 3; } return from_memory(14);');
echo include 'mem://a.php', ' ';
echo file_get_contents('php://filter/read=rot/resource=data:,uryyb'), ' ', var_export(@file_get_contents('mem://none'), true), "\n";
