<?php
throw new LogicException('while including');
