<?php
namespace App {
    $loaded[] = __FILE__; // a file that only declares is not executed where nothing hooks that

    class Salon
    {
        public function book(string $who): string
        {
            return "booked $who";
        }
    }

    class SalonController
    {
        public function show(int $id): int
        {
            return $id;
        }
    }
}

namespace App\Support {
    class Str
    {
        public static function slug(string $s): string
        {
            return strtolower($s);
        }

        public static function random(string $s): string
        {
            return $s . $s;
        }
    }
}
