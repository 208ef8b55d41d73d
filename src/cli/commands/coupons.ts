import type { Command } from 'commander';

import type { CouponApplicationView } from '../../client/index.ts';
import type { CliIo } from '../cli-io.ts';
import { instantOption, LIMIT_DEFAULT, limitOption } from '../list-options.ts';
import { printPages } from '../print-pages.ts';
import type { Column } from '../session.ts';
import { openClient, printAnswer } from '../session.ts';

const COLUMNS: readonly Column<CouponApplicationView>[] = [
  { title: 'id', text: ({ id }) => id },
  { title: 'coupon', text: ({ coupon }) => coupon.key },
  { title: 'off', right: true, text: offText },
  { title: 'on', text: ({ coupon }) => coupon.charge ?? 'the whole invoice' },
  { title: 'from', text: ({ from }) => from },
  { title: 'to', text: ({ to }) => to ?? 'open' },
  { title: 'bills', right: true, text: ({ uses, coupon }) => `${uses} of ${coupon.periods ?? 'all'}` },
];

function offText({ coupon: { discount, currency } }: CouponApplicationView): string {
  return 'percent' in discount ? `${discount.percent} %` : `${discount.amount} ${currency}`;
}

/** Adds `coupons list`, `coupons give`, `coupons end`. */
export function addCouponCommands(program: Command, io: CliIo): void {
  const coupons = program
    .command('coupons')
    .description('Gives tenants coupons of the catalogue, and shows how often they were used.')
    .helpCommand(false);
  coupons
    .command('list')
    .description('Lists the coupons that a tenant was given.')
    .argument('<tenant>', 'its id')
    .option('--limit <count>', 'print at most so many', limitOption, LIMIT_DEFAULT)
    .addHelpText('after', '\nExample:\n  $ tollkeeper coupons list acme')
    .action(async (tenant: string, { limit }: { limit: number }, command: Command) => {
      const client = openClient(io, command);
      await printPages(io, command, {
        limit,
        read: (page) => client.listCoupons(tenant, page),
        columns: COLUMNS,
        nothing: 'no coupons',
      });
    });
  coupons
    .command('give')
    .description('Gives a tenant a coupon of the catalogue.')
    .argument('<tenant>', 'its id')
    .argument('<coupon>', 'its key')
    .option('--from <instant>', 'when it begins (default: now)', instantOption)
    .addHelpText('after', '\nExample:\n  $ tollkeeper coupons give acme launch')
    .action(async (tenant: string, coupon: string, { from }: { from?: string }, command: Command) => {
      const given = await openClient(io, command).giveCoupon(tenant, coupon, from);
      printAnswer(io, command, given, `${given.id}: ${coupon} for ${tenant} from ${given.from}`);
    });
  coupons
    .command('end')
    .description('Ends a coupon of a tenant: bills of later periods do not have it.')
    .argument('<tenant>', 'its id')
    .argument('<id>', 'its id, as `coupons list` shows it')
    .option('--reason <text>', 'kept with the change', 'ended by hand')
    .addHelpText('after', '\nExample:\n  $ tollkeeper coupons end acme cpn_abc')
    .action(async (tenant: string, id: string, { reason }: { reason: string }, command: Command) => {
      const ended = await openClient(io, command).endCoupon(tenant, id, reason);
      printAnswer(io, command, ended, `${ended.coupon.key} of ${tenant} ends at ${ended.to}`);
    });
}
