<?php

namespace App\Console\Commands;

use App\Jobs\SendReminder;
use Illuminate\Console\Command;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Queue;
use Illuminate\Support\Facades\Schema;

class QueueReminders extends Command
{
    protected $signature = 'salon:queue {uid*}';
    protected $description = 'Stellt Erinnerungen in die Warteschlange';

    public function handle()
    {
        if (!Schema::hasTable('jobs')) {
            Schema::create('jobs', function (Blueprint $table) {
                $table->bigIncrements('id');
                $table->string('queue')->index();
                $table->longText('payload');
                $table->unsignedTinyInteger('attempts');
                $table->unsignedInteger('reserved_at')->nullable();
                $table->unsignedInteger('available_at');
                $table->unsignedInteger('created_at');
            });
        }
        foreach ($this->argument('uid') as $uid) {
            Queue::push(new SendReminder($uid));
        }
        return 0;
    }
}
