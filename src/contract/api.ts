import type {
  CommandAnswer,
  CommandName,
  CommandPayload,
  EventName,
  EventPayload,
  SidetoneApi,
} from './ipc.ts';

/** Carries one command to main and brings its answer; rejects with a sentence in `message`. */
export type CarryCommand = <Name extends CommandName>(
  name: Name,
  payload: CommandPayload<Name>,
) => Promise<CommandAnswer<Name>>;

/** Calls `listener` for every event of that name until the returned function is called. */
export type SubscribeEvent = <Name extends EventName>(
  name: Name,
  listener: (payload: EventPayload<Name>) => void,
) => () => void;

/**
 * The window's API over any carrier: one named method per command and per event, and nothing that takes a name.
 *
 * Imports types only, so that a sandboxed preload script can hold it. A command added to the contract and not
 * added here is a type error.
 */
export function makeSidetoneApi(carry: CarryCommand, subscribe: SubscribeEvent): SidetoneApi {
  return {
    getState: () => carry('getState', null),
    getStats: () => carry('getStats', null),
    getDiagnostics: () => carry('getDiagnostics', null),
    join: (payload) => carry('join', payload),
    leave: () => carry('leave', null),
    host: (payload) => carry('host', payload),
    stopHosting: () => carry('stopHosting', null),
    openDashboard: () => carry('openDashboard', null),
    setInviteAddress: (payload) => carry('setInviteAddress', payload),
    setMuted: (payload) => carry('setMuted', payload),
    setDeafened: (payload) => carry('setDeafened', payload),
    setActivation: (payload) => carry('setActivation', payload),
    setGateThreshold: (payload) => carry('setGateThreshold', payload),
    setTalkButton: (payload) => carry('setTalkButton', payload),
    captureBinding: (payload) => carry('captureBinding', payload),
    clearBinding: () => carry('clearBinding', null),
    selectDevice: (payload) => carry('selectDevice', payload),
    refreshDevices: () => carry('refreshDevices', null),
    setProcessing: (payload) => carry('setProcessing', payload),
    setTalkTiming: (payload) => carry('setTalkTiming', payload),
    setHearYourself: (payload) => carry('setHearYourself', payload),
    setMemberVolume: (payload) => carry('setMemberVolume', payload),
    setMemberMuted: (payload) => carry('setMemberMuted', payload),
    setVerified: (payload) => carry('setVerified', payload),
    joinChannel: (payload) => carry('joinChannel', payload),
    createChannel: (payload) => carry('createChannel', payload),
    changeChannel: (payload) => carry('changeChannel', payload),
    removeChannel: (payload) => carry('removeChannel', payload),
    moveMember: (payload) => carry('moveMember', payload),
    muteMemberForAll: (payload) => carry('muteMemberForAll', payload),
    kickMember: (payload) => carry('kickMember', payload),
    banMember: (payload) => carry('banMember', payload),
    banRange: (payload) => carry('banRange', payload),
    unban: (payload) => carry('unban', payload),
    listBans: () => carry('listBans', null),
    saveRole: (payload) => carry('saveRole', payload),
    removeRole: (payload) => carry('removeRole', payload),
    assignRole: (payload) => carry('assignRole', payload),
    sendChat: (payload) => carry('sendChat', payload),
    getConversations: () => carry('getConversations', null),
    loadOlderChat: (payload) => carry('loadOlderChat', payload),
    openLink: (payload) => carry('openLink', payload),
    saveWhisperList: (payload) => carry('saveWhisperList', payload),
    removeWhisperList: (payload) => carry('removeWhisperList', payload),
    captureWhisperBinding: (payload) => carry('captureWhisperBinding', payload),
    clearWhisperBinding: (payload) => carry('clearWhisperBinding', payload),
    setWhisperButton: (payload) => carry('setWhisperButton', payload),
    saveBookmark: (payload) => carry('saveBookmark', payload),
    bookmarkThisRoom: () => carry('bookmarkThisRoom', null),
    removeBookmark: (payload) => carry('removeBookmark', payload),
    joinBookmark: (payload) => carry('joinBookmark', payload),
    exportIdentity: (payload) => carry('exportIdentity', payload),
    importIdentity: (payload) => carry('importIdentity', payload),
    getChaosPresets: () => carry('getChaosPresets', null),
    setChaos: (payload) => carry('setChaos', payload),
    startTrace: () => carry('startTrace', null),
    stopTrace: () => carry('stopTrace', null),
    exportTrace: () => carry('exportTrace', null),
    replayTrace: (payload) => carry('replayTrace', payload),
    setTaps: (payload) => carry('setTaps', payload),
    dismissNotice: (payload) => carry('dismissNotice', payload),
    blockMainThread: (payload) => carry('blockMainThread', payload),
    onStateChanged: (listener) => subscribe('stateChanged', listener),
    onMetersChanged: (listener) => subscribe('metersChanged', listener),
    onChatChanged: (listener) => subscribe('chatChanged', listener),
  };
}
