<?php
// Answers a Retell function call, or php-cli's argument, by crashing in the way that its name says.
function libc(): FFI
{
    static $libc;
    return $libc ??= FFI::cdef(<<<'C'
        typedef struct { long quot, rem; } ldiv_t;
        ldiv_t ldiv(long n, long d);
        size_t strlen(const char *s);
        void *malloc(size_t n);
        void free(void *p);
        void *mmap(void *at, size_t n, int prot, int flags, int fd, long offset);
        int open(const char *path, int flags, int mode);
        int ftruncate(int fd, long size);
        int pthread_create(unsigned long *thread, void *attr, size_t (*start)(const char *), void *argument);
        int pthread_join(unsigned long thread, void **result);
        C);
}

class Node
{
    public ?Node $next = null;

    public function __destruct()
    {
    }
}

class CrashFunctionCallHandler
{
    public function handle(string $how, array $args): string
    {
        return array_map(fn (string $one) => $this->$one($args), [$how])[0];
    }

    private function null_pointer(): string
    {
        return libc()->strlen(FFI::cast('char *', 8));
    }

    private function nowhere(): string
    {
        return $this->jump(16);
    }

    private function generated(): string
    {
        $code = libc()->mmap(null, 4096, 7, 0x22, -1, 0);
        FFI::memcpy($code, "\x0f\x0b", 2);
        return $this->jump(FFI::cast('uintptr_t *', FFI::addr($code))[0]);
    }

    private function jump(int $to): string
    {
        $c = FFI::cdef('typedef void (*function)(void);');
        $function = $c->new('function[1]');
        $c->cast('uintptr_t *', FFI::addr($function[0]))[0] = $to;
        $function[0]();
        return 'not reached';
    }

    private function division(): string
    {
        return libc()->ldiv(1, 0)->quot;
    }

    private function truncated(): string
    {
        $path = tempnam(sys_get_temp_dir(), 'crash');
        $fd = libc()->open($path, 2, 0);
        libc()->ftruncate($fd, 4096);
        $map = libc()->mmap(null, 4096, 3, 1, $fd, 0);
        libc()->ftruncate($fd, 0);
        unlink($path);
        return libc()->strlen(FFI::cast('char *', $map));
    }

    private function heap(): string
    {
        $bytes = FFI::cast('unsigned char *', libc()->malloc(64));
        libc()->malloc(64);
        for ($i = -16; $i < 8; $i++) {
            $bytes[$i] = 0x41;
        }
        libc()->free(FFI::cast('void *', $bytes));
        return 'not reached';
    }

    /** What lies behind the last block is the top of the heap, whatever was free before. */
    private function arena(): string
    {
        for ($i = 0; $i < 1000; $i++) {
            $block = libc()->malloc(4000);
        }
        $bytes = FFI::cast('unsigned char *', $block);
        for ($i = 4000; $i < 4096; $i++) {
            $bytes[$i] = 0x41;
        }
        for ($i = 0; $i < 1000; $i++) {
            libc()->malloc(4000);
        }
        return 'not reached';
    }

    private function loader(): string
    {
        FFI::cdef('', getenv('CRASH_LIBRARY') ?: $_SERVER['CRASH_LIBRARY']);
        return 'not reached';
    }

    private function stack(): string
    {
        $list = null;
        for ($i = 0; $i < 1000000; $i++) {
            $node = new Node();
            $node->next = $list;
            $list = $node;
        }
        unset($node);
        $list = null;
        return 'not reached';
    }

    private function deep(array $args): string
    {
        return ($args['depth'] ?? 300) ? $this->deep(['depth' => ($args['depth'] ?? 300) - 1]) : $this->null_pointer();
    }

    private function fiber(): string
    {
        (new Fiber(fn () => $this->null_pointer()))->start();
        return 'not reached';
    }

    private function thread(): string
    {
        $thread = libc()->new('unsigned long[1]');
        libc()->pthread_create($thread, null, libc()->strlen, FFI::cast('void *', 8));
        libc()->pthread_join($thread[0], null);
        return 'not reached';
    }

    private function killed(array $args): string
    {
        posix_kill(posix_getpid(), $args['signal'] ?? 11);
        return 'survived';
    }

    private function answered(): string
    {
        echo json_encode(['success' => true]);
        fastcgi_finish_request();
        return $this->null_pointer();
    }
}

$call = json_decode(file_get_contents('php://input'), true) ?? ['name' => $argv[1] ?? 'none', 'args' => []];
if ($call['name'] === 'none') {
    echo json_encode(['success' => true]);
    exit;
}
echo json_encode((new CrashFunctionCallHandler())->handle($call['name'], $call['args'])), PHP_EOL;
