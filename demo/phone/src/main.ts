/** The page of the demo: a phone, and what its login does. */

import "./styles/phone.css";
import "./styles/mini-program.css";
import "mini-program.css";
import "./styles/page.css";
import { Page } from "./view/page";

const stage = document.getElementById("stage");
if (stage) void new Page(stage).open();
