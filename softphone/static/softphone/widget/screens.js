/* What is in the widget's iframe. Pages touch `#page-diapad .wrap-typing-number input` and replace labels by selector. */

export const BODY = `
<main class="widget">
  <h1 class="sr-only" data-say="agent.title"></h1>
  <header class="bar">
    <span id="dot" class="dot"></span>
    <span id="bar-call" class="bar-call" aria-hidden="true"></span>
    <strong id="connection" class="lbl-connection" role="status"></strong>
    <button id="size" type="button"></button>
    <button id="close" type="button" data-say-label="widget.close">×</button>
  </header>
  <div id="screen" class="screen">
    <form id="page-diapad" class="fields">
      <div id="from-row" class="fields"><label for="from-number" class="lbl-from" data-say="widget.from"></label><select id="from-number"></select></div>
      <div id="kind-row" class="fields"><label for="kind" data-say="widget.kind"></label><select id="kind">
        <option value="callout" data-say="widget.kind.callout"></option>
        <option value="free-voice-call" data-say="widget.kind.free-voice-call"></option>
      </select></div>
      <label for="to-number" class="lbl-to" data-say="widget.to"></label>
      <div class="wrap-typing-number"><input id="to-number" inputmode="tel" autocomplete="off" maxlength="64"><button class="button go btn-call" data-say="call"></button></div>
      <div id="recent" class="recent"></div>
      <div id="routing-row" class="routing"><label for="routing" data-say="widget.routing"></label><select id="routing">
        <option value="1" data-say="widget.routing.1"></option><option value="2" data-say="widget.routing.2"></option>
        <option value="3" data-say="widget.routing.3"></option><option value="4" data-say="widget.routing.4"></option>
      </select></div>
    </form>
    <section id="page-call" class="scene" hidden>
      <p id="call-state" class="scene-kind"></p>
      <h2 id="party" class="scene-name"></h2>
      <p id="via" class="hint"></p>
      <p id="call-time" class="scene-time"></p>
      <p id="microphone-note" class="notice warn" hidden></p>
      <button id="sound-blocked" type="button" class="button quiet small" data-say="sound.allow" hidden></button>
      <div id="answering" class="row">
        <button id="answer" type="button" class="button go btn-answer" data-say="answer"></button>
        <button id="reject" type="button" class="button stop btn-decline" data-say="reject"></button>
      </div>
      <div id="talking" class="fields" hidden>
        <div class="controls">
          <button id="mute" type="button" class="control" aria-pressed="false" data-say="mute"></button>
          <button id="hold" type="button" class="control" aria-pressed="false" data-say="hold"></button>
          <button id="transfer" type="button" class="control" data-say="widget.transfer"></button>
          <button id="add" type="button" class="control" data-say="widget.add"></button>
        </div>
        <button id="hang-up" type="button" class="button stop btn-end" data-say="hang_up"></button>
      </div>
    </section>
    <div id="keypad" class="keypad" role="group" data-say-label="keypad"></div>
  </div>
</main>
<p id="said" class="sr-only" role="status"></p>
<p id="said-urgently" class="sr-only" role="alert"></p>
<audio id="heard" autoplay></audio>
`;
