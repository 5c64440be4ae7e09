// Opens and closes the store all the while until it is told to stop; says how often.
import { openStore, say, told } from "./common.mjs";

let isOver = false;
told()
  .next()
  .then(() => {
    isOver = true;
  });
say("ready");
let count = 0;
for (; !isOver; count++) {
  await (await openStore()).close();
  await new Promise(setImmediate);
}
say(count);
process.exit();
