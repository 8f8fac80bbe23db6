#!/usr/bin/env node
'use strict'

/** The command `gateway`. Plain JavaScript, so that an old Node gets a sentence. */
require('./start.cjs').start('./cli/main.ts')
