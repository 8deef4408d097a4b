/* A call as pages of the widget's API know it: the names are theirs. */

export class PublicCall {
  #call;

  constructor(call, { from = "", to = "", custom = "" } = {}) {
    this.custom = custom;
    this.fromNumber = from;
    this.toNumber = to;
    if (call) this.follow(call);
  }

  /** Tell of this call from now on. */
  follow(call) {
    this.#call = call;
    this.fromNumber = call.from;
    this.toNumber = call.to;
  }

  get callId() { return this.#call?.id ?? ""; }
  get fromAlias() { return this.#call?.fromAlias || this.fromNumber; }
  get toAlias() { return this.#call?.toAlias || this.toNumber; }
  get fromInternal() { return this.#call?.fromInternal ?? false; }
  get toType() { return this.#call?.toType ?? "external"; }
  get customDataFromYourServer() { return this.#call?.customData || "{}"; }
  get isIncomingCall() { return this.#call?.isIncoming ?? false; }
  get isVideoCall() { return false; }
  get isAnswered() { return Boolean(this.#call?.talkingSince); }
  get isOnHold() { return this.#call?.held ?? false; }
  get muted() { return this.#call?.muted ?? false; }
  get ended() { return this.#call?.isOver ?? false; }
  get answeredOnAnotherDevice() { return this.#call?.why === "elsewhere"; }

  answer(callback) { this.#answered(this.#call?.answer(), callback); }
  reject(callback) { this.#call?.reject(); callback?.({ r: 0 }); }
  hangup(callback) { this.#call?.hangUp(); callback?.({ r: 0 }); }
  mute(muted) { this.#call?.mute(muted); }
  hold() { this.sendHold(); return true; }
  unhold() { this.sendUnHold(); return true; }
  sendDtmf(digit, callback) { this.#answered(this.#call?.press(digit), callback); }
  sendInfo(info, callback) { this.#answered(this.#call?.sendInfo(info), callback); }
  sendTransfer(userId, callback) { this.#answered(this.#call?.transfer(userId), callback); }
  sendHold(music, callback) { this.#answered(this.#call?.hold(true), callback); }
  sendUnHold(callback) { this.#answered(this.#call?.hold(false), callback); }

  #answered(asked, callback) {
    Promise.resolve(asked).then((done) => callback?.({ r: done ? 0 : 1 }), () => callback?.({ r: -1 }));
  }
}
