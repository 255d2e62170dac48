<?php

namespace App\Support;

use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Schema as Builder;

/** The migrations of this small application: run by whichever worker comes first. */
class Schema
{
    public static function createOnDemand(string $file): void
    {
        if (is_file($file) && filesize($file) > 0) {
            return;
        }
        $lock = fopen($file . '.lock', 'c');
        flock($lock, LOCK_EX);
        clearstatcache();
        if (!is_file($file) || filesize($file) === 0) {
            touch($file);
            self::migrate();
        }
        flock($lock, LOCK_UN);
        fclose($lock);
    }

    private static function migrate(): void
    {
        DB::transaction(function () {
            Builder::create('appointments', function (Blueprint $table) {
                $table->id();
                $table->string('uid')->unique();
                $table->string('call_id')->nullable();
                $table->string('customer_name');
                $table->string('customer_phone')->nullable();
                $table->string('customer_email')->nullable();
                $table->string('dienstleistung');
                $table->string('start')->index();
                $table->string('status')->default('accepted');
                $table->timestamps();
            });
            Builder::create('call_logs', function (Blueprint $table) {
                $table->id();
                $table->string('call_id')->index();
                $table->string('event');
                $table->string('from_number')->nullable();
                $table->timestamps();
            });
            foreach (['15:30', '17:00'] as $time) {
                DB::table('appointments')->insert([
                    'uid' => 'seed-' . $time,
                    'customer_name' => 'Belegt',
                    'dienstleistung' => 'Schneiden',
                    'start' => '2027-03-04T' . $time,
                ]);
            }
        });
    }
}
